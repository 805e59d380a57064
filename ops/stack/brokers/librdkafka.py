"""The librdkafka that the confluent-kafka wheel brings, opened once more through ctypes for its mock cluster.

confluent-kafka does not expose `rdkafka_mock.h`, but its shared library does. The wheel's file name carries a hash, so it is
found by pattern; a confluent-kafka built against the system's librdkafka is found among the libraries of this process.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

import confluent_kafka

_FUNCTIONS = {
    "rd_kafka_version_str": (ctypes.c_char_p, ()),
    "rd_kafka_conf_new": (ctypes.c_void_p, ()),
    "rd_kafka_conf_destroy": (None, (ctypes.c_void_p,)),
    "rd_kafka_conf_set": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)),
    "rd_kafka_new": (ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    "rd_kafka_destroy": (None, (ctypes.c_void_p,)),
    "rd_kafka_err2str": (ctypes.c_char_p, (ctypes.c_int,)),
    "rd_kafka_mock_cluster_new": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_int)),
    "rd_kafka_mock_cluster_destroy": (None, (ctypes.c_void_p,)),
    "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, (ctypes.c_void_p,)),
    "rd_kafka_mock_topic_create": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int)),
}


class LibrdkafkaMissing(RuntimeError):
    """No librdkafka with a mock cluster was found, so there is no embedded broker on this machine."""


def load_librdkafka() -> ctypes.CDLL:
    """The library with the argument types of the functions that the embedded broker calls; raises LibrdkafkaMissing."""
    places = _candidates()
    for place in places:
        try:
            library = ctypes.CDLL(place)
        except OSError:
            continue
        if hasattr(library, "rd_kafka_mock_topic_create"):
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
            return library
    raise LibrdkafkaMissing(
        "the embedded broker needs librdkafka 1.6 or newer with its mock cluster, as in confluent-kafka's wheels; "
        f"looked at: {', '.join(places) or 'nothing, no librdkafka was found'}. Reinstall confluent-kafka from a wheel, or use BROKER=kafka"
    )


def _candidates() -> list[str]:
    package = Path(confluent_kafka.__file__).parent
    found = [
        *sorted((package.parent / "confluent_kafka.libs").glob("librdkafka*.so*")),  # Linux wheels (auditwheel)
        *sorted((package / ".dylibs").glob("librdkafka*.dylib")),  # macOS wheels (delocate)
    ]
    places = [str(path) for path in found]
    maps = Path("/proc/self/maps")
    if maps.exists():
        places += [line.split(maxsplit=5)[-1] for line in maps.read_text().splitlines() if "librdkafka" in line]
    places.append(ctypes.util.find_library("rdkafka") or "")
    return list(dict.fromkeys(filter(None, places)))
