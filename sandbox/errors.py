"""The refusal that every rule of the pretend world raises instead of answering."""


class Refused(Exception):
    """Becomes an HTTP answer; `validation` maps a field to its complaints, as Workable's 422 does."""

    def __init__(self, status: int, message: str, validation: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.validation = validation

    def body(self) -> dict[str, object]:
        """Workable's error object; the error key is always a string."""
        answer: dict[str, object] = {"error": self.message}
        if self.validation:
            answer["validation_errors"] = self.validation
        return answer


def missing(field: str) -> Refused:
    return Refused(422, f"param is missing or the value is empty: {field}")


def not_found() -> Refused:
    return Refused(404, "Not found")
