"""The literature behind each method, found by the words of `Estimate.method` and of a report: it prints what it used."""

from __future__ import annotations

from collections.abc import Iterable

# Words, any of which names the method → where it is described; in the order of a reference list.
REFERENCES: dict[tuple[str, ...], str] = {
    ("QR exponent", "λ₁", "nats per"): "Benettin, Galgani, Giorgilli & Strelcyn (1980), Meccanica 15:9",
    ("finite-time exponent", "singular value"): "Goldhirsch, Sulem & Orszag (1987), Physica D 27:311",
    ("Kaplan–Yorke",): "Kaplan & Yorke (1979), Lecture Notes in Mathematics 730:204",
    ("Mann–Whitney",): "Mann & Whitney (1947), Annals of Mathematical Statistics 18:50",
    ("DeLong", "AUC, logit interval", "AUC, wald interval", "shrunk interval"): "DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837",
    ("clustered DeLong",): "Obuchowski (1997), Biometrics 53:567",
    ("logit interval",): "Pepe (2003), The Statistical Evaluation of Medical Tests for Classification and Prediction, §5.2",
    ("shrunk interval",): "Hanley & McNeil (1982), Radiology 143:29",
    ("score interval", "shrunk interval"): "Newcombe (2006), Statistics in Medicine 25:559",
    ("clopper-pearson", "Clopper–Pearson"): "Clopper & Pearson (1934), Biometrika 26:404",
    ("wilson interval",): "Wilson (1927), Journal of the American Statistical Association 22:209",
    ("one-sided exact upper bound",): "Hanley & Lippman-Hand (1983), Journal of the American Medical Association 249:1743",
    ("ratio of shares, exact",): "Berger & Boos (1994), Journal of the American Statistical Association 89:1012",
    ("Agresti–Min",): "Agresti & Min (2005), Statistics in Medicine 24:729",
    ("Agresti–Min", "paired difference of shares"): "Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13:91",
    ("paired difference of shares, by groups",): "Durkalski, Palesch, Lipsitz & Rust (2003), Statistics in Medicine 22:2417",
    ("shares, by groups",): "Canay, Romano & Shaikh (2017), Econometrica 85:1013",
    ("Hodges–Lehmann",): "Hodges & Lehmann (1963), Annals of Mathematical Statistics 34:598",
    ("best combination",): "Reiser & Faraggi (1997), Biometrics 53:644",
    ("order-statistic interval",): "Conover (1999), Practical Nonparametric Statistics, §3.2",
    ("of all samples, order statistics",): "Hahn & Meeker (1991), Statistical Intervals, §5",
    ("percentile bootstrap",): "Efron (1979), Annals of Statistics 7:1",
    ("bca bootstrap",): "Efron (1987), Journal of the American Statistical Association 82:171",
    ("TOST",): "Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15:657",
    ("spearman correlation", "pearson correlation"): "Bonett & Wright (2000), Psychometrika 65:23",
    ("Kaplan–Meier",): "Kaplan & Meier (1958), Journal of the American Statistical Association 53:457",
    ("beta product limits",): "Fay, Brittain & Proschan (2013), Biostatistics 14:723",
    ("Garwood",): "Garwood (1936), Biometrika 28:437",
    ("out of fold", "out-of-fold"): "Demler, Pencina & D'Agostino (2012), Statistics in Medicine 31:2577",
    ("Brier score",): "Brier (1950), Monthly Weather Review 78:1",
    ("calibration error",): "Bröcker & Smith (2007), Weather and Forecasting 22:651",
    ("Holm",): "Holm (1979), Scandinavian Journal of Statistics 6:65",
    ("false discovery rate",): "Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57:289",
    ("otsu band",): "Otsu (1979), IEEE Transactions on Systems, Man, and Cybernetics 9:62",
}


def references_of(methods: Iterable[str]) -> list[str]:
    """The references behind ``methods``, each once, in the order of `REFERENCES`; a method that is only a count adds none.

    >>> from unsettled.measure import proportion
    >>> references_of([proportion(3, 254).method, "rows of the record"])
    ['Clopper & Pearson (1934), Biometrika 26:404']
    """
    text = "\n".join(methods)
    return [reference for words, reference in REFERENCES.items() if any(word in text for word in words)]
