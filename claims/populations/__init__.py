"""The networks and examples on which claims are judged, from shipped folders, the hub and the user."""
