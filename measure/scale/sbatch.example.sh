#!/bin/bash
# Many checkpoints on one puzzle set, each by 8 ranks with a GPU apiece. Copy, edit the first lines, and submit:
#   sbatch --array=0-2 sbatch.example.sh
# A job that is cut off is submitted again: finished shards are kept, the others go on where they stopped.
#SBATCH --job-name=unsettled
#SBATCH --ntasks=8
#SBATCH --gpus-per-task=1
#SBATCH --gpu-bind=none
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail

checkpoints=(runs/a/step_58590 runs/b/step_58590 runs/c/step_26040)
puzzles=data/sudoku-extreme
out=records

checkpoint=${checkpoints[${SLURM_ARRAY_TASK_ID:-0}]}
name=$(basename "$(dirname "$checkpoint")")
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}

# One process a rank; which one it is, srun tells by SLURM_PROCID, SLURM_NTASKS and SLURM_LOCALID. No rank waits for another,
# so that one that dies costs its own shard's last batch and nothing else.
srun --kill-on-bad-exit=0 python -m unsettled.measure "$checkpoint" "$puzzles" --out "$out/$name.shards" \
    --device cuda --batch 256 --noise-rows 64
unsettled merge "$out/$name.shards" --out "$out/$name.parquet"
