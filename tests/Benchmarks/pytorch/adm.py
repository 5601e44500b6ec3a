"""guided-diffusion's UNetModel without classes under its keys, for bench.py: residual blocks that resample, scale and shift by the time, attention in the legacy order."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def norm(channels):
    return nn.GroupNorm(32, channels)


def timestep_embedding(timesteps, dim):
    """[batch] to cosines, then sines, [batch, dim]."""
    half = dim // 2
    frequencies = torch.exp(torch.arange(half, device=timesteps.device) * (-math.log(10000) / half))
    angles = timesteps[:, None].float() * frequencies[None]
    return torch.cat([angles.cos(), angles.sin()], -1)


class ResBlock(nn.Module):
    """resample: what is done to the image in both branches, if anything."""

    def __init__(self, dim, dim_out, time_dim, resample=None):
        super().__init__()
        self.resample = resample or (lambda x: x)
        self.in_layers = nn.Sequential(norm(dim), nn.SiLU(), nn.Conv2d(dim, dim_out, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * dim_out))
        # Third is the dropout, of nothing here.
        self.out_layers = nn.Sequential(norm(dim_out), nn.SiLU(), nn.Identity(), nn.Conv2d(dim_out, dim_out, 3, padding=1))
        self.skip_connection = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, t):
        h = self.in_layers[2](self.resample(self.in_layers[:2](x)))
        scale, shift = self.emb_layers(t)[:, :, None, None].chunk(2, 1)
        h = self.out_layers[1:](self.out_layers[0](h) * (1 + scale) + shift)
        return self.skip_connection(self.resample(x)) + h


class AttentionBlock(nn.Module):
    def __init__(self, dim, head_dim):
        super().__init__()
        self.head_dim = head_dim
        self.norm, self.qkv, self.proj_out = norm(dim), nn.Conv1d(dim, 3 * dim, 1), nn.Conv1d(dim, dim, 1)

    def forward(self, x):
        b, width, h, w = x.shape
        # The heads are split before q, k and v.
        qkv = self.qkv(self.norm(x).flatten(2)).reshape(b, width // self.head_dim, 3 * self.head_dim, h * w)
        q, k, v = qkv.transpose(-2, -1).chunk(3, -1)
        if hasattr(F, "scaled_dot_product_attention"):
            result = F.scaled_dot_product_attention(q, k, v)
        else:
            result = (q @ k.transpose(-2, -1) * self.head_dim ** -0.5).softmax(-1) @ v
        return x + self.proj_out(result.transpose(-2, -1).reshape(b, width, h * w)).reshape(x.shape)


class Layers(nn.ModuleList):
    def forward(self, x, t):
        for layer in self:
            x = layer(x, t) if isinstance(layer, ResBlock) else layer(x)
        return x


def halved(x):
    return F.avg_pool2d(x, 2)


def doubled(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class AdmUnet(nn.Module):
    def __init__(self, dim, multipliers, blocks, attends, head_dim, channels):
        super().__init__()
        self.dim, time, last = dim, 4 * dim, len(multipliers) - 1
        self.time_embed = nn.Sequential(nn.Linear(dim, time), nn.SiLU(), nn.Linear(time, time))
        width = multipliers[0] * dim
        skips = [width]

        def layers(before, level):
            to = multipliers[level] * dim
            return Layers([ResBlock(before, to, time)] + ([AttentionBlock(to, head_dim)] if attends[level] else []))

        self.input_blocks = nn.ModuleList([Layers([nn.Conv2d(channels, width, 3, padding=1)])])
        for level in range(last + 1):
            for _ in range(blocks):
                self.input_blocks.append(layers(width, level))
                width = multipliers[level] * dim
                skips.append(width)
            if level < last:
                self.input_blocks.append(Layers([ResBlock(width, width, time, halved)]))
                skips.append(width)
        self.middle_block = Layers([ResBlock(width, width, time), AttentionBlock(width, head_dim), ResBlock(width, width, time)])
        self.output_blocks = nn.ModuleList()
        for level in range(last, -1, -1):
            for block in range(blocks + 1):
                self.output_blocks.append(layers(width + skips.pop(), level))
                width = multipliers[level] * dim
            if level > 0:
                self.output_blocks[-1].append(ResBlock(width, width, time, doubled))
        self.out = nn.Sequential(norm(width), nn.SiLU(), nn.Conv2d(width, channels, 3, padding=1))

    def forward(self, x, timesteps):
        t = self.time_embed(timestep_embedding(timesteps, self.dim))
        skips = []
        for block in self.input_blocks:
            x = block(x, t)
            skips.append(x)
        x = self.middle_block(x, t)
        for block in self.output_blocks:
            x = block(torch.cat([x, skips.pop()], 1), t)
        return self.out(x)
