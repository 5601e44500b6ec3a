"""The layers of The Annotated Diffusion Model and of denoising-diffusion-pytorch 1.11.1, under their keys, for bench.py."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

HEADS, HEAD_DIM = 4, 32
HIDDEN = HEADS * HEAD_DIM


class SinusoidalPosEmb(nn.Module):
    """Timesteps [batch] to sines, then cosines, [batch, dim]."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, timesteps):
        half = self.dim // 2
        frequencies = torch.exp(torch.arange(half, device=timesteps.device) * (-math.log(10000) / (half - 1)))
        angles = timesteps[:, None].float() * frequencies[None]
        return torch.cat([angles.sin(), angles.cos()], -1)


class WeightStandardizedConv2d(nn.Conv2d):
    def forward(self, x):
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        variance = self.weight.var((1, 2, 3), unbiased=False, keepdim=True)
        return F.conv2d(x, (self.weight - mean) * (variance + 1e-5).rsqrt(), self.bias, padding=self.padding)


class Block(nn.Module):
    def __init__(self, dim, dim_out, groups, conv):
        super().__init__()
        self.proj = conv(dim, dim_out, 3, padding=1)
        self.norm = nn.GroupNorm(groups, dim_out)

    def forward(self, x, time=None):
        x = self.norm(self.proj(x))
        if time is not None:
            scale, shift = time
            x = x * (scale + 1) + shift
        return F.silu(x)


class ResnetBlock(nn.Module):
    def __init__(self, dim, dim_out, time_dim, groups, conv):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, 2 * dim_out))
        self.block1 = Block(dim, dim_out, groups, conv)
        self.block2 = Block(dim_out, dim_out, groups, conv)
        self.res_conv = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, t):
        time = self.mlp(t)[:, :, None, None].chunk(2, 1)
        return self.block2(self.block1(x, time)) + self.res_conv(x)


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, dim, 1, 1))

    def forward(self, x):
        return F.normalize(x, dim=1) * self.g * x.shape[1] ** 0.5


class LinearAttention(nn.Module):
    """norm: what stands before and after, of a width; annotated has its first norm outside."""

    def __init__(self, dim, norm, first_norm=None, memory_tokens=0):
        super().__init__()
        self.norm = first_norm(dim) if first_norm else nn.Identity()
        self.mem_kv = nn.Parameter(torch.randn(2, HEADS, HEAD_DIM, memory_tokens)) if memory_tokens else None
        self.to_qkv = nn.Conv2d(dim, 3 * HIDDEN, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(HIDDEN, dim, 1), norm(dim))

    def forward(self, x):
        b, _, h, w = x.shape
        q, k, v = (part.reshape(b, HEADS, HEAD_DIM, h * w) for part in self.to_qkv(self.norm(x)).chunk(3, 1))
        if self.mem_kv is not None:
            memory = self.mem_kv[:, None].expand(-1, b, -1, -1, -1)
            k, v = torch.cat([memory[0].to(k.dtype), k], -1), torch.cat([memory[1].to(v.dtype), v], -1)
        q = q.softmax(-2) * HEAD_DIM ** -0.5
        context = torch.einsum("bhdn,bhen->bhde", k.softmax(-1), v)
        return self.to_out(torch.einsum("bhde,bhdn->bhen", context, q).reshape(b, HIDDEN, h, w))


class FullAttention(nn.Module):
    def __init__(self, dim, first_norm=None, memory_tokens=0):
        super().__init__()
        self.norm = first_norm(dim) if first_norm else nn.Identity()
        self.mem_kv = nn.Parameter(torch.randn(2, HEADS, memory_tokens, HEAD_DIM)) if memory_tokens else None
        self.to_qkv = nn.Conv2d(dim, 3 * HIDDEN, 1, bias=False)
        self.to_out = nn.Conv2d(HIDDEN, dim, 1)

    def forward(self, x):
        b, _, h, w = x.shape
        q, k, v = (part.reshape(b, HEADS, HEAD_DIM, h * w).transpose(-2, -1) for part in self.to_qkv(self.norm(x)).chunk(3, 1))
        if self.mem_kv is not None:
            memory = self.mem_kv[:, None].expand(-1, b, -1, -1, -1)
            k, v = torch.cat([memory[0].to(k.dtype), k], -2), torch.cat([memory[1].to(v.dtype), v], -2)
        weights = (torch.einsum("bhid,bhjd->bhij", q, k) * HEAD_DIM ** -0.5).softmax(-1)
        return self.to_out(torch.einsum("bhij,bhjd->bhid", weights, v).transpose(-2, -1).reshape(b, HIDDEN, h, w))


class PreNorm(nn.Module):
    def __init__(self, dim, fn):
        super().__init__()
        self.fn, self.norm = fn, nn.GroupNorm(1, dim)

    def forward(self, x):
        return self.fn(self.norm(x))


class Named(nn.Module):
    """A level more in the keys."""

    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x)


class DenoisingUnet(nn.Module):
    """Both: they differ in what `attention(width, lowest)` and `middle(width)` make, in convolutions and in groups."""

    def __init__(self, dim, multipliers, channels, init_kernel, groups, conv, attention, middle):
        super().__init__()
        time, dims, last = 4 * dim, [dim] + [dim * m for m in multipliers], len(multipliers) - 1
        block = lambda a, b: ResnetBlock(a, b, time, groups, conv)
        self.init_conv = nn.Conv2d(channels, dim, init_kernel, padding=init_kernel // 2)
        self.time_mlp = nn.Sequential(SinusoidalPosEmb(dim), nn.Linear(dim, time), nn.GELU(), nn.Linear(time, time))
        self.downs = nn.ModuleList(
            nn.ModuleList([block(a, a), block(a, a), attention(a, i == last),
                           nn.Conv2d(a, b, 3, padding=1) if i == last else nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * a, b, 1))])
            for i, (a, b) in enumerate(zip(dims, dims[1:])))
        self.mid_block1, self.mid_attn, self.mid_block2 = block(dims[-1], dims[-1]), middle(dims[-1]), block(dims[-1], dims[-1])
        self.ups = nn.ModuleList(
            nn.ModuleList([block(a + b, b), block(a + b, b), attention(b, i == last),
                           nn.Conv2d(b, a, 3, padding=1) if i == 0 else nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(b, a, 3, padding=1))])
            for i, (a, b) in reversed(list(enumerate(zip(dims, dims[1:])))))
        self.final_res_block = block(2 * dim, dim)
        self.final_conv = nn.Conv2d(dim, channels, 1)

    def forward(self, x, timesteps):
        t = self.time_mlp(timesteps)
        x = first = self.init_conv(x)
        skips = []
        for block1, block2, attention, down in self.downs:
            x = block1(x, t)
            skips.append(x)
            x = block2(x, t)
            x = attention(x) + x
            skips.append(x)
            x = down(x)
        x = self.mid_block1(x, t)
        x = self.mid_block2(self.mid_attn(x) + x, t)
        for block1, block2, attention, up in self.ups:
            x = block1(torch.cat([x, skips.pop()], 1), t)
            x = block2(torch.cat([x, skips.pop()], 1), t)
            x = up(attention(x) + x)
        return self.final_conv(self.final_res_block(torch.cat([x, first], 1), t))
