"""CRC-32C of Kafka's record batches in C. Used by every kafka-python client here; installed when client.py is imported.

kafka-python computes it in Python: 0.5 ms for 3 kB, three quarters of the sink's processor time. It would take the
package `crc32c` (LGPL); google-crc32c does the same under Apache-2.0, but has to be put in its place.
"""

import google_crc32c
from kafka.record import default_records


def crc32c(data: memoryview) -> int:
    """Checksum (Castagnoli, RFC 3720) of any buffer."""
    found: int = google_crc32c.value(bytes(data))
    return found


def install() -> None:
    """Let kafka-python use it. The versions are pinned; a test sees whether the place is still the right one."""
    default_records.calc_crc32c = crc32c
