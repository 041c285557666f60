# Triton's language has no types that a checker knows, and its annotations must be its own objects: none are postponed.
# pyright: basic
# pyright: reportGeneralTypeIssues=false, reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# pyright: reportAttributeAccessIssue=false, reportOperatorIssue=false, reportOptionalMemberAccess=false
"""Triton kernels of one decoding step for one to four rows, where reading the weights is nearly all of the work.

A weight [N, K] is read once for all rows; what stands around a product (norm, gate, residual sum) is done in the same
kernel, so that a layer is six launches. Rows are contiguous. Sums are taken in float32, in an order that does not
depend on ``BLOCK_N`` and on the other rows.
"""

import triton
import triton.language as tl


@triton.jit
def _part(x, norm, at, row, K: tl.constexpr, NORMED: tl.constexpr):
    """A block of one row of x, times the weights of the norm."""
    value = tl.load(x + row * K + at, mask=at < K, other=0.0).to(tl.float32)
    if NORMED:
        value *= tl.load(norm + at, mask=at < K, other=0.0).to(tl.float32)
    return value


@triton.jit
def _root(x, row, eps, K: tl.constexpr, BLOCK_K: tl.constexpr):
    """One over the root mean square of a row of x."""
    squares = tl.zeros((BLOCK_K,), tl.float32)
    for step in tl.static_range((K + BLOCK_K - 1) // BLOCK_K):
        value = _part(x, x, step * BLOCK_K + tl.arange(0, BLOCK_K), row, K, False)
        squares += value * value
    return 1.0 / tl.sqrt(tl.sum(squares, 0) / K + eps)


@triton.jit
def _keep(out, old, sums, x, row, n, eps, N: tl.constexpr, K: tl.constexpr, BLOCK_K: tl.constexpr,
          NORMED: tl.constexpr, PLUS: tl.constexpr):  # fmt: skip
    """Write one row of a product; NORMED: divided by the root of x; PLUS: on top of ``old``."""
    value = tl.sum(sums, 1)
    if NORMED:
        value *= _root(x, row, eps, K, BLOCK_K)
    if PLUS:
        value += tl.load(old + row * N + n).to(tl.float32)
    tl.store(out + row * N + n, value.to(out.dtype.element_ty))


@triton.jit
def product(out, old, x, norm, w, eps, ROWS: tl.constexpr, N: tl.constexpr, K: tl.constexpr, BLOCK_N: tl.constexpr,
            BLOCK_K: tl.constexpr, NORMED: tl.constexpr, PLUS: tl.constexpr):  # fmt: skip
    """out [ROWS, N] = (norm of) x [ROWS, K] times w [N, K] transposed (plus old [ROWS, N])."""
    n = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    a = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    b = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    c = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    d = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    for step in tl.static_range((K + BLOCK_K - 1) // BLOCK_K):
        at = step * BLOCK_K + tl.arange(0, BLOCK_K)
        weight = tl.load(w + n[:, None] * K + at[None, :], mask=at[None, :] < K, other=0.0).to(tl.float32)
        a += weight * _part(x, norm, at, 0, K, NORMED)[None, :]
        if ROWS > 1:
            b += weight * _part(x, norm, at, 1, K, NORMED)[None, :]
        if ROWS > 2:
            c += weight * _part(x, norm, at, 2, K, NORMED)[None, :]
        if ROWS > 3:
            d += weight * _part(x, norm, at, 3, K, NORMED)[None, :]
    _keep(out, old, a, x, 0, n, eps, N, K, BLOCK_K, NORMED, PLUS)
    if ROWS > 1:
        _keep(out, old, b, x, 1, n, eps, N, K, BLOCK_K, NORMED, PLUS)
    if ROWS > 2:
        _keep(out, old, c, x, 2, n, eps, N, K, BLOCK_K, NORMED, PLUS)
    if ROWS > 3:
        _keep(out, old, d, x, 3, n, eps, N, K, BLOCK_K, NORMED, PLUS)


@triton.jit
def _gate(out, gates, ups, x, row, n, eps, N: tl.constexpr, K: tl.constexpr, BLOCK_K: tl.constexpr):
    """Write one row of SiLU(gate) times up."""
    root = _root(x, row, eps, K, BLOCK_K)
    gate, up = tl.sum(gates, 1) * root, tl.sum(ups, 1) * root
    tl.store(out + row * N + n, (gate / (1.0 + tl.exp(-gate)) * up).to(out.dtype.element_ty))


@triton.jit
def gated(out, x, norm, g, u, eps, FIRST: tl.constexpr, TWO: tl.constexpr, N: tl.constexpr, K: tl.constexpr,
          BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr):  # fmt: skip
    """out [R, N] = SiLU(norm of x times g [N, K]) times (the same times u), of row FIRST and, if TWO, the next."""
    n = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    gate_a = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    up_a = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    gate_b = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    up_b = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    for step in tl.static_range((K + BLOCK_K - 1) // BLOCK_K):
        at = step * BLOCK_K + tl.arange(0, BLOCK_K)
        place = n[:, None] * K + at[None, :]
        gate = tl.load(g + place, mask=at[None, :] < K, other=0.0).to(tl.float32)
        up = tl.load(u + place, mask=at[None, :] < K, other=0.0).to(tl.float32)
        value = _part(x, norm, at, FIRST, K, True)[None, :]
        gate_a += gate * value
        up_a += up * value
        if TWO:
            value = _part(x, norm, at, FIRST + 1, K, True)[None, :]
            gate_b += gate * value
            up_b += up * value
    _gate(out, gate_a, up_a, x, FIRST, n, eps, N, K, BLOCK_K)
    if TWO:
        _gate(out, gate_b, up_b, x, FIRST + 1, n, eps, N, K, BLOCK_K)


@triton.jit
def _turned(head, cos, sin, place, WIDTH: tl.constexpr):
    """A head's vector turned to its place; ``sin`` is signed, halves layout (``llama.rotate``)."""
    d = tl.arange(0, WIDTH)
    other = (d + WIDTH // 2) % WIDTH
    straight = tl.load(head + d).to(tl.float32) * tl.load(cos + place * WIDTH + d).to(tl.float32)
    return straight + tl.load(head + other).to(tl.float32) * tl.load(sin + place * WIDTH + d).to(tl.float32)


@triton.jit
def attention(out, tops, totals, qkv, keys, values, cos, sin, where, scale, HEADS: tl.constexpr, KV: tl.constexpr,
              WIDTH: tl.constexpr, LENGTH: tl.constexpr, CHUNK: tl.constexpr, BLOCK: tl.constexpr):  # fmt: skip
    """One chunk of places of one row and head: turn query and key, keep key and value, look at the places so far.

    The chunk that holds the position's own place keeps them; chunks behind it do nothing, so one grid serves every
    position. Where one chunk is all there is, what was seen is divided at once; else ``gather`` does it.

    Args:
        out: [R, HEADS, chunks, WIDTH], float32 where there are several chunks. tops, totals: [R, HEADS, chunks].
        qkv: [R, HEADS + 2 KV, WIDTH]. keys, values: [R, KV, LENGTH, WIDTH]. where: int64 [1], the position's place.
    """
    row, head, chunk = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    chunks: tl.constexpr = (LENGTH + CHUNK - 1) // CHUNK
    kv = head // (HEADS // KV)
    place = tl.load(where).to(tl.int32)
    first = chunk * CHUNK
    if first <= place:
        d = tl.arange(0, WIDTH)
        base = qkv + row * (HEADS + 2 * KV) * WIDTH
        query = _turned(base + head * WIDTH, cos, sin, place, WIDTH) * scale
        held = (row * KV + kv).to(tl.int64) * LENGTH * WIDTH
        top = tl.sum(query * 0.0, 0) + float("-inf")
        total = tl.sum(query * 0.0, 0)
        seen = query * 0.0
        if place < first + CHUNK:
            key = _turned(base + (HEADS + kv) * WIDTH, cos, sin, place, WIDTH).to(keys.dtype.element_ty)
            value = tl.load(base + (HEADS + KV + kv) * WIDTH + d)
            # heads that share keys write the same bits, and none of them reads what is written here
            tl.store(keys + held + place * WIDTH + d, key)
            tl.store(values + held + place * WIDTH + d, value)
            top = tl.sum(query * key.to(tl.float32), 0)
            total += 1.0
            seen += value.to(tl.float32)
        for start in range(first, tl.minimum(place, first + CHUNK), BLOCK):
            at = start + tl.arange(0, BLOCK)
            spots = held + at[:, None] * WIDTH + d[None, :]
            some = tl.load(keys + spots, mask=at[:, None] < place, other=0.0).to(tl.float32)
            what = tl.load(values + spots, mask=at[:, None] < place, other=0.0).to(tl.float32)
            scores = tl.where(at < place, tl.sum(some * query[None, :], 1), float("-inf"))
            higher = tl.maximum(top, tl.max(scores, 0))
            chance, faded = tl.exp(scores - higher), tl.exp(top - higher)
            total = total * faded + tl.sum(chance, 0)
            seen = seen * faded + tl.sum(chance[:, None] * what, 0)
            top = higher
        spot = (row * HEADS + head) * chunks + chunk
        if chunks == 1:
            seen = seen / total
        else:
            tl.store(tops + spot, top)
            tl.store(totals + spot, total)
        tl.store(out + spot * WIDTH + d, seen.to(out.dtype.element_ty))


@triton.jit
def gather(out, seen, tops, totals, where, HEADS: tl.constexpr, WIDTH: tl.constexpr, CHUNKS: tl.constexpr,
           CHUNK: tl.constexpr, SLOTS: tl.constexpr):  # fmt: skip
    """What all chunks of one row and head saw together, always added in the same order; SLOTS >= CHUNKS.

    Args:
        out: [R, HEADS, WIDTH]. seen, tops, totals, where: as ``attention`` left them.
    """
    row, head = tl.program_id(0), tl.program_id(1)
    place = tl.load(where).to(tl.int32)
    d, number = tl.arange(0, WIDTH), tl.arange(0, SLOTS)
    base = (row * HEADS + head) * CHUNKS
    there = (number < CHUNKS) & (number * CHUNK <= place)
    top = tl.load(tops + base + number, mask=there, other=float("-inf"))
    share = tl.exp(top - tl.max(top, 0))
    total = tl.sum(share * tl.load(totals + base + number, mask=there, other=0.0), 0)
    spots = (base + number)[:, None] * WIDTH + d[None, :]
    parts = tl.load(seen + spots, mask=there[:, None], other=0.0)
    whole = tl.sum(parts * share[:, None], 0) / total
    tl.store(out + (row * HEADS + head) * WIDTH + d, whole.to(out.dtype.element_ty))
