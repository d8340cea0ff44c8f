"""A network for four-voice chorales: an LSTM over eighths and a head that draws the voices of a slot one after another.

It knows the features of `jsb_memory`, no training and no files. Shapes: B windows, T sixteenths, C of them under the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jsb_memory import BEFORE, LAST, NOW, OWN, TUNE, TUNES
from jsb_past import CONTEXTS, INTERVALS, NONE, ORDER, RANK, REST, USES
from torch import Tensor, nn

SYMBOLS = 47  # 46 pitches and the rest; 48 with NONE


@dataclass(frozen=True)
class Recipe:
    width: int = 96  # of the LSTM
    layers: int = 2
    embed: int = 128
    head: int = 128
    drop: float = 0.5  # after each LSTM, one mask a sequence
    drop_head: float = 0.5
    drop_input: float = 0.3  # whole features, and units of the input
    rate: float = 2e-3
    weight_decay: float = 0.5
    batch: int = 8
    slots: int = 192
    average: float = 0.998


def interval(pitch: Tensor, other: Tensor, cap: int = 13) -> Tensor:
    """pitch - other clipped to +-cap, as 0..2 cap; 2 cap + 1 where either is no pitch."""
    return torch.where((pitch >= REST) | (other >= REST), 2 * cap + 1, (pitch - other).clamp(-cap, cap) + cap)


def degree(pitch: Tensor, tonic: Tensor) -> Tensor:
    """Semitones above the tonic, 0..11; 12 where either is not known."""
    return torch.where((pitch >= REST) | (tonic < 0), 12, (pitch - tonic) % 12)


def lasting_dropout(x: Tensor, p: float, training: bool, slots: int = 8) -> Tensor:
    """Dropout whose mask holds for `slots` neighbours on axis 1: fewer random numbers, and noise that lasts (Gal and Ghahramani
    2016)."""
    if not training or p == 0:
        return x
    B, T = x.shape[:2]
    slots = min(slots, T)
    keep = (torch.rand(B, -(-T // slots), *x.shape[2:]) > p).float().div_(1 - p)
    return x * keep.repeat_interleave(slots, 1)[:, :T]


class Embedding(nn.Module):
    """Sum of the embeddings of several features; in training whole features are dropped."""

    start: Tensor

    def __init__(self, sizes: list[int], width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(sum(sizes), width) * 0.5 / math.sqrt(len(sizes)))
        self.register_buffer("start", torch.tensor([0, *sizes[:-1]]).cumsum(0))

    def forward(self, features: Tensor, drop: float) -> Tensor:
        weight = None
        if self.training and drop > 0:
            weight = ((torch.rand(features.shape) > drop).float() / (1 - drop)).flatten(0, -2)
        rows = (features + self.start).flatten(0, -2)
        return F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weight).view(*features.shape[:-1], -1)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, z: Tensor, drop: float) -> Tensor:
        y: Tensor = self.down(lasting_dropout(F.gelu(self.up(self.norm(z))), drop, self.training))
        return z + y


class Network(nn.Module):
    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe, known = recipe, SYMBOLS + 1
        past = [known] * 4 + [32] * 4 + [16] + [INTERVALS] * 4 + [52] * 6 + [26] * 4 + [14]
        self.embed, self.heard, self.norm = Embedding(past, recipe.embed), nn.Linear(36, recipe.embed), nn.LayerNorm(recipe.embed)
        widths = [recipe.embed] + [recipe.width] * (recipe.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(width, recipe.width, batch_first=True) for width in widths)
        self.norms = nn.ModuleList(nn.LayerNorm(recipe.width) for _ in widths)
        self.down = nn.Linear(recipe.width + recipe.embed, recipe.head)
        now = [4] + [known] * 4 + [known * 4] * 4 + [32, 64] + [INTERVALS] * 9 + [44] * 3 + [INTERVALS] * 3
        now += [INTERVALS] * TUNES + [14 * 4] * TUNES + [27 * 4] * TUNES + [26] + [13] * 4 + [26] + [9 * 4] * CONTEXTS
        self.embed_now = Embedding(now, recipe.head)
        self.blocks = nn.ModuleList(Block(recipe.head) for _ in range(2))
        self.norm_out = nn.LayerNorm(recipe.head)
        # experts, added up as logits: the symbol; its interval to the voice's last pitch and to the voices drawn; its degree in the
        # key heard; shares of the counted contexts; the piece's uses; "same as" the last pitch, 3 own matches and TUNES
        self.symbol, self.bias = nn.Linear(recipe.head, SYMBOLS), nn.Parameter(torch.zeros(4, SYMBOLS))
        self.steps, self.degrees = nn.Linear(recipe.head, 4 * INTERVALS), nn.Linear(recipe.head, 12)
        self.gate_shares, self.gate_uses = nn.Linear(recipe.head, 2 * CONTEXTS), nn.Linear(recipe.head, 2 * USES)
        self.same_as = nn.Linear(recipe.head, 4 + TUNES)

    def trunk(self, pitch: Tensor, small: Tensor, key: Tensor, heard: Tensor) -> Tensor:
        """State of each eighth [B, T/2, head] from the features of its first sixteenth, which hold nothing of that slot itself."""
        recipe, pitch, small, key = self.recipe, pitch[:, ::2], small[:, ::2], key[:, ::2]
        last, before, tonic, mode = pitch[..., LAST], pitch[..., BEFORE], key[..., :1], key[..., 1:]
        chord = torch.stack([interval(last[..., i], last[..., j], 25) for i in range(4) for j in range(i + 1, 4)], -1)
        degrees = degree(last, tonic) + 13 * mode
        features = torch.cat([last, small[..., :5], interval(last, before), chord, degrees, small[..., 8:9]], -1)
        embedded = self.norm(self.embed(features, recipe.drop_input) + self.heard(heard))
        embedded = lasting_dropout(embedded, recipe.drop_input, self.training)
        h = embedded
        for i, (lstm, norm) in enumerate(zip(self.lstm, self.norms, strict=True)):
            y = lasting_dropout(norm(lstm(h)[0]), recipe.drop, self.training, slots=10**6)
            h = h + y if i else y
        state: Tensor = self.down(torch.cat([h, embedded], -1))
        return state

    def forward(
        self, pitch: Tensor, small: Tensor, key: Tensor, heard: Tensor, uses: Tensor, shares: Tensor, seen: Tensor, chosen: Tensor
    ) -> Tensor:
        """ln p of every symbol [B, C, 4, 47]. Of the slot's own pitches a voice reads those before it in `ORDER`."""
        recipe, state = self.recipe, self.trunk(pitch, small, key, heard)[:, chosen // 2]
        pitch, small, key = pitch[:, chosen], small[:, chosen], key[:, chosen]
        B, C = state.shape[:2]
        voice = torch.arange(4).expand(B, C, 4)
        drawn_before = torch.tensor(RANK)[:, None] > torch.tensor(RANK)  # [voice, other]
        drawn = torch.where(drawn_before, pitch[:, :, None, NOW], NONE)
        last, tonic = pitch[..., LAST], key[..., :1]
        own = pitch[..., OWN].view(B, C, 3, 4).transpose(2, 3)  # [voice, match]
        tune = pitch[..., TUNE].view(B, C, 4, TUNES)

        z = state[:, :, None] + self.embed_now(_features(pitch, small, key, seen, voice, drawn, own, tune), recipe.drop_input)
        for block in self.blocks:
            z = block(z, recipe.drop_head)
        z = lasting_dropout(self.norm_out(z), recipe.drop_head, self.training)

        logits = self.symbol(z) + self.bias
        steps = self.steps(z).view(B, C, 4, 4, INTERVALS)  # to the voice's last pitch, then to the voices 1, 2, 3 further round
        counted = torch.einsum("btvk,btvki->btvi", self.gate_shares(z), torch.cat([shares, 0.3 * (shares + 0.01).log()], 3))
        steps = torch.cat([steps[..., :1, :] + counted[..., None, :], steps[..., 1:, :]], 3)
        further = torch.stack([drawn.gather(3, ((voice + k) % 4)[..., None])[..., 0] for k in (1, 2, 3)], -1)
        base = torch.cat([last[..., None], further], -1)[..., None]
        symbols = torch.arange(SYMBOLS)
        logits = logits + (steps.gather(4, interval(symbols, base.expand(-1, -1, -1, -1, SYMBOLS))) * (base < REST)).sum(3)
        candidates = symbols[:REST].expand(B, C, 4, REST)
        pitched = F.pad(self.degrees(z), (0, 1)).gather(3, degree(candidates, tonic[..., None]))
        pitched = pitched + torch.einsum("btvk,btvpk->btvp", self.gate_uses(z), torch.cat([uses, 0.3 * (uses + 0.03).log()], -1))
        logits = logits + F.pad(pitched, (0, 1))
        places = torch.cat([last[..., None], own, tune], -1)
        logits = logits + torch.zeros(B, C, 4, SYMBOLS + 1).scatter_add(3, places, self.same_as(z))[..., :SYMBOLS]
        return F.log_softmax(logits, -1)


def _features(
    pitch: Tensor, small: Tensor, key: Tensor, seen: Tensor, voice: Tensor, drawn: Tensor, own: Tensor, tune: Tensor
) -> Tensor:
    """What the head embeds for each voice [B, C, 4, N], as classes of the sizes listed in `Network`."""
    now, last, tonic, mode = pitch[..., NOW], pitch[..., LAST], key[..., :1], key[..., 1:]
    B, C = now.shape[:2]

    def shared(x: Tensor) -> Tensor:  # the slot's values, for every voice
        return x[:, :, None].expand(B, C, 4, x.shape[-1])

    def by_voice(x: Tensor) -> Tensor:
        return x * 4 + voice[..., None]

    agree = torch.zeros(B, C, 4, TUNES, dtype=torch.long)  # base 3: each voice drawn agrees (2) or not (1) with the place found
    for i, v in enumerate(ORDER):
        for u in ORDER[:i]:
            agree[:, :, v] = agree[:, :, v] * 3 + 1 + (tune[:, :, u] == now[..., u, None]).long()
    return torch.cat(
        [
            voice[..., None],
            drawn,
            by_voice(shared(last)),
            small[..., :4, None],
            by_voice(shared(small[..., 4:5])),
            interval(last[..., None].expand(B, C, 4, 4), drawn),
            interval(drawn, shared(last)),
            interval(last, pitch[..., BEFORE])[..., None],
            by_voice(shared(small[..., 5:8])),
            interval(own, last[..., None]),
            interval(tune, last[..., None]),
            by_voice(shared(small[..., 8 : 8 + TUNES])),
            by_voice(agree),
            (degree(last, tonic) + 13 * mode)[..., None],
            degree(drawn, tonic[..., None]),
            shared(degree(last[..., 3:], tonic) + 13 * mode),
            by_voice(seen),
        ],
        -1,
    )
