"""A network for four-voice chorales: an LSTM over eighths and a head that draws the voices of a slot one after another.

`features.py` names the columns of its input. Shapes: B pieces, T sixteenths, C of them under the head.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.benchmarks.chorale import features
from partimento.benchmarks.chorale.boosted import GRAIN
from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.benchmarks.chorale.memory import SEEN_COUNTS, TUNE_LENGTHS, TUNES
from partimento.benchmarks.chorale.own_repeats import OWN_LENGTHS
from partimento.benchmarks.chorale.past import BASS, CONTEXTS, INTERVALS, LAGS, NONE, REST, SPANS, USES
from partimento.benchmarks.chorale.places import VOTES

SYMBOLS = NONE  # 46 pitches and the rest
State = list[tuple[Tensor, Tensor]]
_LAGS = [LAGS.index(lag) for lag in (4, 8, 12, 16, 24, 32, 48, 64)]  # those that are embedded
_BARS = [6] * len(_LAGS) + [12, 32]


def interval(pitch: Tensor, other: Tensor, cap: int = 13) -> Tensor:
    """pitch - other [N] clipped to +-cap, as 0..2 cap; 2 cap + 1 where either is no pitch. Any shape will do."""
    return torch.where((pitch >= REST) | (other >= REST), 2 * cap + 1, (pitch - other).clamp(-cap, cap) + cap)


def degree(pitch: Tensor, tonic: Tensor) -> Tensor:
    """Semitones above the tonic, 0..11, [N]; 12 where either is not known. Any shape will do."""
    return torch.where((pitch >= REST) | (tonic < 0), 12, (pitch - tonic) % 12)


def lasting_dropout(x: Tensor, p: float, training: bool, steps: int = 8) -> Tensor:
    """Dropout of x [B, T, D] whose mask holds for `steps` neighbours on axis 1: fewer random numbers, and noise that lasts (Gal and
    Ghahramani 2016)."""
    if not training or p == 0:
        return x
    B, T = x.shape[:2]
    steps = min(steps, T)
    keep = (torch.rand(B, -(-T // steps), *x.shape[2:], device=x.device) > p).float().div_(1 - p)
    return x * keep.repeat_interleave(steps, 1)[:, :T]


class Embedding(nn.Module):
    """Sum of the embeddings of several features [..., N]; in training whole features are dropped."""

    def __init__(self, sizes: list[int], width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(sum(sizes), width) * 0.5 / math.sqrt(len(sizes)))
        self.first = [sum(sizes[:at]) for at in range(len(sizes))]

    def forward(self, ids: Tensor, drop: float) -> Tensor:
        """Vectors [B, T, D] of feature ids [B, T, N]."""
        weight = None
        if self.training and drop > 0:
            weight = ((torch.rand(ids.shape, device=ids.device) > drop).float() / (1 - drop)).flatten(0, -2)
        rows = (ids + torch.tensor(self.first, device=ids.device)).flatten(0, -2)
        return F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=weight).view(*ids.shape[:-1], -1)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, z: Tensor, drop: float) -> Tensor:
        """Vectors [B, T, D] from vectors [B, T, D]."""
        y: Tensor = self.down(lasting_dropout(F.gelu(self.up(self.norm(z))), drop, self.training))
        return z + y


class Network(nn.Module):
    """`trunk` gives the state of each eighth, `heads` ln p of each voice of a slot, given those before it."""

    def __init__(self, config: ChoraleConfig) -> None:
        super().__init__()
        self.config, known = config, SYMBOLS + 1
        past = [known] * 4 + [32] * 4 + [16] + [INTERVALS] * 4 + [52] * 6 + [26] * 4 + [len(TUNE_LENGTHS) + 1] + _BARS
        self.embed, self.heard = Embedding(past, config.embedding), nn.Linear(12 * SPANS, config.embedding)
        self.norm = nn.LayerNorm(config.embedding)
        widths = [config.embedding] + [config.width] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(width, config.width, batch_first=True) for width in widths)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in widths)
        self.down = nn.Linear(config.width + config.embedding, config.head)
        now = [4] + [known] * 4 + [known * 4] * 4 + [32, 64] + [INTERVALS] * 9 + [4 * (len(OWN_LENGTHS) + 1)] * 3 + [INTERVALS] * 3
        now += [INTERVALS] * TUNES + [4 * (len(TUNE_LENGTHS) + 1)] * TUNES + [27 * 4] * TUNES
        now += [26] + [13] * 4 + [26] + [4 * (len(SEEN_COUNTS) + 1)] * CONTEXTS + [4 * size for size in _BARS]
        self.embed_now = Embedding(now, config.head)
        self.blocks = nn.ModuleList(Block(config.head) for _ in range(2))
        self.norm_out = nn.LayerNorm(config.head)
        # experts, added up as logits: the symbol; its interval to the voice's last pitch and to the voices drawn; its degree in the
        # key; shares of the counted contexts and of the votes of places; the piece's uses; "same as" the last pitch, 3 own
        # matches and TUNES
        self.symbol, self.bias = nn.Linear(config.head, SYMBOLS), nn.Parameter(torch.zeros(4, SYMBOLS))
        self.steps, self.degrees = nn.Linear(config.head, 4 * INTERVALS), nn.Linear(config.head, 12)
        self.gate_shares = nn.Linear(config.head, 2 * (CONTEXTS + VOTES))
        self.gate_uses = nn.Linear(config.head, 2 * (SPANS + USES))
        self.same_as = nn.Linear(config.head, 4 + TUNES)
        for expert in (self.symbol, self.steps, self.degrees, self.gate_shares, self.gate_uses, self.same_as):
            nn.init.zeros_(expert.weight)  # all symbols alike: what is not learned adds nothing
            nn.init.zeros_(expert.bias)

    def forward(self, features_BTW: Tensor, now_BTV: Tensor, chosen_C: Tensor) -> Tensor:
        """ln p of every symbol [B, C, 4, 47] in the chosen slots, from the features of all slots, the first of which begins an
        eighth, and the symbols drawn in them, int64 [B, T, 4]."""
        state_BTH, _ = self.trunk(features_BTW[:, ::GRAIN])
        return self.heads(state_BTH[:, chosen_C // GRAIN], features_BTW[:, chosen_C], now_BTV[:, chosen_C])

    def trunk(self, features_BTW: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """States [B, T, head] of eighths, from the features of their first sixteenths, which hold nothing of these themselves."""
        config = self.config
        last, before, small = (features_BTW[..., at].long() for at in (features.LAST, features.BEFORE, features.SMALL))
        tonic, mode = _key(features_BTW)
        chord = torch.stack([interval(last[..., i], last[..., j], 25) for i in range(4) for j in range(i + 1, 4)], -1)
        degrees = degree(last, tonic) + 13 * mode
        ids = torch.cat([last, small[..., :5], interval(last, before), chord, degrees, small[..., 8:9], _bars(features_BTW)], -1)
        embedded = self.norm(self.embed(ids, config.dropout_input) + self.heard(features_BTW[..., features.CLASS_SHARES]))
        embedded = lasting_dropout(embedded, config.dropout_input, self.training)
        h, after = embedded, []
        for layer, (lstm, norm) in enumerate(zip(self.lstm, self.norms, strict=True)):
            y, last_state = lstm(h, state[layer] if state else None)
            after.append(last_state)
            y = lasting_dropout(norm(y), config.dropout, self.training, steps=10**6)
            h = h + y if layer else y
        return self.down(torch.cat([h, embedded], -1)), after

    def heads(self, state_BCH: Tensor, features_BCW: Tensor, now_BCV: Tensor) -> Tensor:
        """ln p of every symbol [B, C, 4, 47]. Of the slot's own symbols a voice reads those before it."""
        config, (B, C), device = self.config, state_BCH.shape[:2], state_BCH.device
        voice = torch.arange(4, device=device).expand(B, C, 4)
        drawn = now_BCV[:, :, None].expand(B, C, 4, 4)
        drawn = drawn.masked_fill(~torch.ones(4, 4, dtype=torch.bool, device=device).tril(-1), NONE)  # [voice, other]
        last, (tonic, _) = features_BCW[..., features.LAST].long(), _key(features_BCW)
        own = features_BCW[..., features.OWN].long().view(B, C, 3, 4).transpose(2, 3)  # [voice, match]
        tune = features_BCW[..., features.TUNE].long().view(B, C, 4, TUNES)
        of_voice = features_BCW[..., features.VOICES].view(B, C, 4, features.OF_VOICE)
        shares = of_voice[..., features.SHARE].reshape(B, C, 4, CONTEXTS + VOTES, INTERVALS)
        symbols = torch.arange(SYMBOLS, device=device)
        pitches = symbols[:REST]
        class_shares = features_BCW[..., features.CLASS_SHARES].reshape(B, C, 12, SPANS)[:, :, pitches % 12]
        used = of_voice[..., features.USE].reshape(B, C, 4, REST, USES)
        uses = torch.cat([class_shares[:, :, None].expand(B, C, 4, REST, SPANS), used], -1)

        ids = _features(features_BCW, of_voice[..., features.SEEN].long(), voice, now_BCV, drawn, own, tune)
        z = state_BCH[:, :, None] + self.embed_now(ids, config.dropout_input)
        for block in self.blocks:
            z = block(z, config.dropout_head)
        z = lasting_dropout(self.norm_out(z), config.dropout_head, self.training)

        logits = self.symbol(z) + self.bias
        steps = self.steps(z).view(B, C, 4, 4, INTERVALS)  # to the voice's last pitch, then to the voices 1, 2, 3 further round
        counted = torch.einsum("bcvk,bcvki->bcvi", self.gate_shares(z), torch.cat([shares, 0.3 * (shares + 0.01).log()], 3))
        steps = torch.cat([steps[..., :1, :] + counted[..., None, :], steps[..., 1:, :]], 3)
        further = torch.stack([drawn.gather(3, ((voice + k) % 4)[..., None])[..., 0] for k in (1, 2, 3)], -1)
        base = torch.cat([last[..., None], further], -1)[..., None]
        logits = logits + (steps.gather(4, interval(symbols, base.expand(B, C, 4, 4, SYMBOLS))) * (base < REST)).sum(3)
        pitched = F.pad(self.degrees(z), (0, 1)).gather(3, degree(pitches.expand(B, C, 4, REST), tonic[..., None]))
        pitched = pitched + torch.einsum("bcvk,bcvpk->bcvp", self.gate_uses(z), torch.cat([uses, 0.3 * (uses + 0.03).log()], -1))
        logits = logits + F.pad(pitched, (0, 1))
        same = self.same_as(z)
        places = torch.cat([last[..., None], own, tune], -1)
        logits = logits + same.new_zeros(B, C, 4, SYMBOLS + 1).scatter_add(3, places, same)[..., :SYMBOLS]
        return F.log_softmax(logits.float(), -1)


def _key(features_BTW: Tensor) -> tuple[Tensor, Tensor]:
    """Tonic (-1 where none is known) and mode, [B, T, 1] each."""
    key = features_BTW[..., features.KEY].long()
    return key[..., :1], key[..., 1:].clamp(min=0)


def _bars(features_BTW: Tensor) -> Tensor:
    """Of bars and phrases, classes of the sizes `_BARS`: changes at some lags, the place in bars of three and in groups of bars."""
    bars = features_BTW[..., features.BARS].long()
    start = bars[..., 2 * len(LAGS), None]
    return torch.cat([bars[..., _LAGS] + 1, start % 12, start % 32], -1)


def _features(features_BCW: Tensor, seen: Tensor, voice: Tensor, now: Tensor, drawn: Tensor, own: Tensor, tune: Tensor) -> Tensor:
    """What the head embeds for each voice [B, C, 4, N], as classes of the sizes listed in `Network`."""
    B, C = now.shape[:2]
    last, before, small = (features_BCW[..., at].long() for at in (features.LAST, features.BEFORE, features.SMALL))
    tonic, mode = _key(features_BCW)

    def shared(x: Tensor) -> Tensor:  # the slot's values, for every voice
        return x[:, :, None].expand(B, C, 4, x.shape[-1])

    def by_voice(x: Tensor) -> Tensor:
        return x * 4 + voice[..., None]

    agree = torch.zeros(B, C, 4, TUNES, dtype=torch.long, device=now.device)
    for v in range(4):  # base 3: each voice drawn agrees (2) or not (1) with the place found
        for u in range(v):
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
            interval(last, before)[..., None],
            by_voice(shared(small[..., 5:8])),
            interval(own, last[..., None]),
            interval(tune, last[..., None]),
            by_voice(shared(small[..., 8:])),
            by_voice(agree),
            (degree(last, tonic) + 13 * mode)[..., None],
            degree(drawn, tonic[..., None]),
            shared(degree(last[..., BASS : BASS + 1], tonic) + 13 * mode),
            by_voice(seen),
            by_voice(shared(_bars(features_BCW))),
        ],
        -1,
    )
