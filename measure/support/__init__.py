"""What any wing may use and none owns: limits, locks, memory, progress."""
