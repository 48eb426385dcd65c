"""The measurement core: one network and one set of examples become one record. It has never heard of a paper.

The names below are the public ones; everything else is private by convention and may move. They are loaded when they are
first used: importing this package, or a reader of records, loads no torch.

Growth along any batched map
    tangent_growth      QR (Benettin) growth of k tangents along the orbit of any batched map
    TangentGrowth       what it returns: exponents, partial sums, dimensions, with their units
    Status              how the growth of an example is to be read
    singular_growth     leading finite-time exponents, from singular values of the whole tangent map
    covariant_vectors   covariant Lyapunov vectors, with two certificates
    exponents_to_precision  exponents with standard errors, until these are as small as asked
    frozen_noise        exponents of a random map along frozen noise paths
    linearised          the derivative of a map at a state, by its products
    largest_singular_value  of that derivative, with its residual
    leading_eigenvalues     and so its spectral radius, with residuals
    check_instrument    one number of a map, read in many ways
    growth_over_seeds   the same measurement with several tangent seeds, and its spread
    kaplan_yorke        Kaplan–Yorke dimension of a spectrum
    ks_entropy          Pesin sum of a spectrum, and whether it is a lower bound
    WithJacobian        a map with a known Jacobian
    Pointwise           a map of small states, written for one example and compiled
    Flow                a differential equation as a map

Networks and examples
    load_checkpoint     a checkpoint in the published format, or in ours
    load_network        a network of your own: what FILE.py:FUNCTION builds of a checkpoint
    Network             the five members that such a network has
    Batch               what it is given
    read_examples       Sudoku, mazes, ARC or plain tokens, from files of many kinds
    read_puzzles        Sudoku alone
    Examples            a set of examples: inputs, labels, ids, groups

Records
    measure             measure a network on examples into a record file
    Record              one measurement: one row an example
    read_record         read one
    write_record        write one
    synthetic_record    one with a known truth, to try things on
    summarise           what a record says at a glance
    protocol            under which conditions it was measured, line by line
    paired_comparison   two records of the same examples, example by example

Statistics, each with its interval
    Estimate            the shape in which every statistic returns
    proportion          a share, with an exact or a score interval
    auc                 area under the ROC curve
    auc_difference      of two scores on the same examples
    matched_auc         among examples alike in something else
    median              with the interval of exact binomial ranks
    paired_difference   of two shares on the same examples
    equivalence         two one-sided tests against a stated value
    references_of       the literature behind the methods of a report

Errors
    UserError           bad input: one line that says what, where, and what to do

>>> from unsettled.measure import auc, synthetic_record
>>> record = synthetic_record(200, seed=1)
>>> found = auc(record.exponents(unit="update")[:, 0], ~record.solved)
>>> print(f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}], {found.counts['positives']} failures")
0.904 [0.854, 0.938], 81 failures
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unsettled.measure.support.front_door import front_door

if TYPE_CHECKING:  # the same table for type checkers
    from unsettled.measure.analysis.paired_comparison import paired_comparison
    from unsettled.measure.analysis.summary import summarise
    from unsettled.measure.campaign.run import measure
    from unsettled.measure.errors import UserError
    from unsettled.measure.lyapunov.covariant import covariant_vectors
    from unsettled.measure.lyapunov.estimator import tangent_growth
    from unsettled.measure.lyapunov.flow import Flow
    from unsettled.measure.lyapunov.frozen import frozen_noise
    from unsettled.measure.lyapunov.growth import Status, TangentGrowth
    from unsettled.measure.lyapunov.instrument import check_instrument
    from unsettled.measure.lyapunov.linearised import linearised
    from unsettled.measure.lyapunov.onestep import largest_singular_value, leading_eigenvalues
    from unsettled.measure.lyapunov.pointwise import Pointwise
    from unsettled.measure.lyapunov.precision import exponents_to_precision
    from unsettled.measure.lyapunov.seeds import growth_over_seeds
    from unsettled.measure.lyapunov.spectrum import kaplan_yorke, ks_entropy
    from unsettled.measure.lyapunov.sweeps import singular_growth
    from unsettled.measure.lyapunov.tangents import WithJacobian
    from unsettled.measure.networks.adapter import load_network
    from unsettled.measure.networks.checkpoints import load_checkpoint
    from unsettled.measure.networks.protocol import Batch, Network
    from unsettled.measure.record.parquet import read_record, write_record
    from unsettled.measure.record.protocol import protocol
    from unsettled.measure.record.record import Record
    from unsettled.measure.record.synthetic import synthetic_record
    from unsettled.measure.statistics.auc import auc, auc_difference
    from unsettled.measure.statistics.equivalence import equivalence
    from unsettled.measure.statistics.estimate import Estimate
    from unsettled.measure.statistics.matching import matched_auc
    from unsettled.measure.statistics.median import median
    from unsettled.measure.statistics.paired import paired_difference
    from unsettled.measure.statistics.proportion import proportion
    from unsettled.measure.statistics.references import references_of
    from unsettled.measure.tasks.examples import Examples
    from unsettled.measure.tasks.read import read_puzzles
    from unsettled.measure.tasks.reading import read_examples

_HOMES = {
    ".analysis.paired_comparison": ("paired_comparison",),
    ".analysis.summary": ("summarise",),
    ".campaign.run": ("measure",),
    ".errors": ("UserError",),
    ".lyapunov.covariant": ("covariant_vectors",),
    ".lyapunov.estimator": ("tangent_growth",),
    ".lyapunov.flow": ("Flow",),
    ".lyapunov.frozen": ("frozen_noise",),
    ".lyapunov.growth": ("Status", "TangentGrowth"),
    ".lyapunov.instrument": ("check_instrument",),
    ".lyapunov.linearised": ("linearised",),
    ".lyapunov.onestep": ("largest_singular_value", "leading_eigenvalues"),
    ".lyapunov.pointwise": ("Pointwise",),
    ".lyapunov.precision": ("exponents_to_precision",),
    ".lyapunov.seeds": ("growth_over_seeds",),
    ".lyapunov.spectrum": ("kaplan_yorke", "ks_entropy"),
    ".lyapunov.sweeps": ("singular_growth",),
    ".lyapunov.tangents": ("WithJacobian",),
    ".networks.adapter": ("load_network",),
    ".networks.checkpoints": ("load_checkpoint",),
    ".networks.protocol": ("Batch", "Network"),
    ".record.parquet": ("read_record", "write_record"),
    ".record.protocol": ("protocol",),
    ".record.record": ("Record",),
    ".record.synthetic": ("synthetic_record",),
    ".statistics.auc": ("auc", "auc_difference"),
    ".statistics.equivalence": ("equivalence",),
    ".statistics.estimate": ("Estimate",),
    ".statistics.matching": ("matched_auc",),
    ".statistics.median": ("median",),
    ".statistics.paired": ("paired_difference",),
    ".statistics.proportion": ("proportion",),
    ".statistics.references": ("references_of",),
    ".tasks.examples": ("Examples",),
    ".tasks.read": ("read_puzzles",),
    ".tasks.reading": ("read_examples",),
}

__all__ = [
    "Batch",
    "Estimate",
    "Examples",
    "Flow",
    "Network",
    "Pointwise",
    "Record",
    "Status",
    "TangentGrowth",
    "UserError",
    "WithJacobian",
    "auc",
    "auc_difference",
    "check_instrument",
    "covariant_vectors",
    "equivalence",
    "exponents_to_precision",
    "frozen_noise",
    "growth_over_seeds",
    "kaplan_yorke",
    "ks_entropy",
    "largest_singular_value",
    "leading_eigenvalues",
    "linearised",
    "load_checkpoint",
    "load_network",
    "matched_auc",
    "measure",
    "median",
    "paired_comparison",
    "paired_difference",
    "proportion",
    "protocol",
    "read_examples",
    "read_puzzles",
    "read_record",
    "references_of",
    "singular_growth",
    "summarise",
    "synthetic_record",
    "tangent_growth",
    "write_record",
]

__getattr__, __dir__ = front_door(__name__, _HOMES)
