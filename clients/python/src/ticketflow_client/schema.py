"""What the API's objects have in common."""

from pydantic import BaseModel, ConfigDict, PrivateAttr


class Schema(BaseModel):
    """An object of the API. Fields that this version of the client does not know are kept, in `model_extra`."""

    model_config = ConfigDict(
        extra="allow",
        defer_build=True,  # made ready when it is first used: a program uses few of them
        populate_by_name=True,
        protected_namespaces=(),
    )

    _etag: str | None = PrivateAttr(default=None)

    @property
    def etag(self) -> str | None:
        """The version tag that came with this object, to be sent back as `if_match`; None where there was none."""
        return self._etag

    def with_etag(self, etag: str | None) -> None:
        """Take note of the response's version tag."""
        self._etag = etag
