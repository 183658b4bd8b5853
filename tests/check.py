"""bivy-check, fed what strangers send: it ends with a whole answer or with none, never beyond its limits."""

import random
import struct
import subprocess
import sys
import zlib

from conftest import BIN, SOURCE

sys.path.insert(0, str(SOURCE / "fuzz"))
import seeds_image  # noqa: E402

FAT = seeds_image.SEEDS["fat"]
REPLY_SIZE = (4 * 4 + 8 + 4 + 2048 + 64 * 72 + 512 + 256 + 7) // 8 * 8


def check(folder, data, limit=None):
    """(exit status, code, the reply's bytes) of bivy-check for DATA; inflating when there is a LIMIT."""
    (folder / "input").write_bytes(data)
    (folder / "output").write_bytes(b"")
    option = "" if limit is None else f"--inflate={limit}"
    done = subprocess.run(["sh", "-c", f'exec "$0" {option} 3<"$1" 4<>"$2"', BIN / "bivy-check", folder / "input",
                           folder / "output"], input=b"!", capture_output=True, timeout=60)
    code = struct.unpack_from("=i", done.stdout)[0] if len(done.stdout) >= 4 else None
    return done.returncode, code, done.stdout


def test_describes_a_valid_image(tmp_path):
    status, code, reply = check(tmp_path, FAT)
    assert (status, code, len(reply)) == (0, 0, REPLY_SIZE)
    assert struct.unpack_from("=I", reply, 12) == (1,) and b"service\0" in reply and b"--ipv4\0--dns\0" in reply


def test_inflates_and_describes(tmp_path):
    status, code, _ = check(tmp_path, zlib.compress(FAT), len(FAT))
    assert (status, code) == (0, 0)
    assert (tmp_path / "output").read_bytes() == FAT


def test_a_bomb_stops_at_the_limit(tmp_path):
    status, code, reply = check(tmp_path, zlib.compress(bytes(1 << 26), 9), 1 << 20)
    assert status == 0 and code != 0 and b"too large" in reply
    assert (tmp_path / "output").stat().st_size <= 1 << 20


def test_no_byte_means_no_answer(tmp_path):
    (tmp_path / "input").write_bytes(FAT)
    done = subprocess.run(["sh", "-c", 'exec "$0" 3<"$1"', BIN / "bivy-check", tmp_path / "input"], input=b"",
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


def test_every_cut_image_is_refused_with_a_sentence(tmp_path):
    for size in [*range(0, 64, 7), *range(64, len(FAT), 251)]:
        status, code, reply = check(tmp_path, FAT[:size])
        assert status == 0 and code != 0 and len(reply) == REPLY_SIZE and b"image" in reply, size


def test_damaged_images_get_a_whole_answer(tmp_path):
    chance = random.Random(1)
    for turn in range(150):
        data = bytearray(FAT)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        if turn % 3 == 2:
            status, _, reply = check(tmp_path, zlib.compress(bytes(data)), 1 << 20)
        else:
            status, _, reply = check(tmp_path, bytes(data))
        assert status == 0 and len(reply) == REPLY_SIZE, turn
