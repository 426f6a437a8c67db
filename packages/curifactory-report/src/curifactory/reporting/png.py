"""Writing images as PNG files."""

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS, _RGB = 8, 2
_DIFFERENCE_TO_THE_ROW_ABOVE = 2
_DOTS_PER_METRE = 1
_METRES_PER_INCH = 0.0254


def encode_png(pixels: "NDArray[np.uint8]", dots_per_inch: float) -> bytes:
    """Return an image of rows of red, green and blue as a PNG file.

    For drawings, where rows are like those above and equal dots follow each other. That is all it
    looks for, which makes it several times faster than Pillow, and the files no larger.
    """
    import numpy as np

    height, width, _ = pixels.shape
    rows = pixels.reshape(height, width * 3)
    filtered = np.empty((height, width * 3 + 1), np.uint8)
    filtered[:, 0] = _DIFFERENCE_TO_THE_ROW_ABOVE
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS, memLevel=9, strategy=zlib.Z_RLE)
    content = compressor.compress(filtered.data) + compressor.flush()
    per_metre = round(dots_per_inch / _METRES_PER_INCH)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, _EIGHT_BITS, _RGB, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, _DOTS_PER_METRE)),
            _chunk(b"IDAT", content),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
