"""Many batches: one measurement that resumes, its noise, and what is followed for longer."""
