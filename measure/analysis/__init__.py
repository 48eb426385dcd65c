"""What records say, without torch: convergence, time to solution, labels of failure, diagnosis."""
