"""Causal attention over a band: each step sees itself and some steps before it. It knows no weights and no position."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK = 128  # steps whose queries look at their keys together, on a processor


def attended(query: Tensor, key: Tensor, value: Tensor, span: int) -> Tensor:
    """Sums of values [B, Q, T, size] for queries [B, Q, T, size], from keys and values [B, K, S, size].

    The queries are the last T of S steps, Q a multiple of K; each sees its own step and those before it, `span` in all (0: all).
    On a processor blocks of queries are multiplied with the keys that they may see and no others, which is up to four times as fast
    as torch's own attention there, most of all in bfloat16 (`bench/recipes.py steps`).
    """
    if query.device.type == "cpu":
        return _in_blocks(query, key, value, span)
    steps, all_steps = query.shape[2], key.shape[2]
    group = query.shape[1] // key.shape[1]
    key, value = (part.repeat_interleave(group, 1) for part in (key, value))
    if steps == all_steps and not 0 < span < steps:
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)
    mask = _unseen(all_steps - steps, steps, 0, all_steps, span, query.device).logical_not()
    return F.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def _in_blocks(query: Tensor, key: Tensor, value: Tensor, span: int) -> Tensor:
    (B, Q, T, size), (K, S) = query.shape, key.shape[1:3]
    query = (query * size**-0.5).reshape(B, K, Q // K, T, size)
    each = []
    for first in range(0, T, BLOCK):
        last = min(T, first + BLOCK)
        low, high = (max(0, S - T + first - span + 1) if span else 0), S - T + last
        scores = query[:, :, :, first:last].flatten(2, 3) @ key[:, :, low:high].mT  # the queries of a group stand as steps
        if last - first > 1:
            unseen = _unseen(S - T + first, last - first, low, high, span, query.device).repeat(Q // K, 1)
            scores = scores.masked_fill(unseen, -torch.inf)
        seen = scores.softmax(-1) @ value[:, :, low:high]
        each.append(seen.reshape(B, K, Q // K, last - first, size))
    return torch.cat(each, 3).flatten(1, 2) if len(each) > 1 else each[0].flatten(1, 2)


def _unseen(at: int, steps: int, low: int, high: int, span: int, device: torch.device) -> Tensor:
    """bool [steps, high - low]: which of the steps low..high each of the steps from `at` on does not see."""
    step, seen = torch.arange(at, at + steps, device=device)[:, None], torch.arange(low, high, device=device)
    return (seen > step) | (seen <= step - span) if span else seen > step
