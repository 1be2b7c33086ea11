"""New tickets from a file, for `ticketflow process`: the same readers and column checks as the import."""

from collections.abc import Iterator
from pathlib import Path

from ticketflow.knowledge.entries import BadRecord, Record
from ticketflow.knowledge.mapping import Mapping, to_case
from ticketflow.knowledge.records import open_records
from ticketflow.store.tickets import NewTicket


def read_tickets(path: Path, mapping: Mapping) -> Iterator[NewTicket | BadRecord]:
    """The file's records as tickets, in order. Raises InvalidFile or InvalidInput before the first, if at all."""
    records = open_records(path)
    mapping.check(path, records.columns)
    return _tickets(iter(records), mapping)


def _tickets(records: Iterator[Record | BadRecord], mapping: Mapping) -> Iterator[NewTicket | BadRecord]:
    for record in records:
        case = record if isinstance(record, BadRecord) else to_case(mapping, record)
        if isinstance(case, BadRecord):
            yield case
        else:
            yield NewTicket(
                subject=case.subject,
                body=case.body,
                requester_name=None,
                requester_email=None,
                external_id=case.external_id if case.identified else None,
                channel="file",
            )
