"""The one exception that a user's mistake raises: a single line that says what, where, and how to mend it."""


class UserError(Exception):
    """Bad input. The command line prints it as one line and exits with 2; pytest stops with 2.

    Args:
        what: what is wrong, in one line.
        where: the file, or ``file:line``, if there is one.
        hint: how to mend it, if that is known.
    """

    def __init__(self, what: str, *, where: object | None = None, hint: str | None = None) -> None:
        self.what, self.where, self.hint = what, where, hint
        text = f"{where}: {what}" if where is not None else what
        super().__init__(" ".join((f"{text} ({hint})" if hint else text).split()))
