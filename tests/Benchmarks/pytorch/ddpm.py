"""The network of Ho et al. 2020 under the keys of diffusers' UNet2DModel, for bench.py."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from layers import SinusoidalPosEmb


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-6)


class TimestepEmbedding(nn.Module):
    def __init__(self, dim, time_dim):
        super().__init__()
        self.time_proj, self.linear_1, self.linear_2 = SinusoidalPosEmb(dim), nn.Linear(dim, time_dim), nn.Linear(time_dim, time_dim)

    def forward(self, timesteps):
        return self.linear_2(F.silu(self.linear_1(self.time_proj(timesteps))))


class PreActResnetBlock(nn.Module):
    def __init__(self, dim, dim_out, time_dim):
        super().__init__()
        self.norm1, self.conv1 = norm(dim), nn.Conv2d(dim, dim_out, 3, padding=1)
        self.time_emb_proj = nn.Linear(time_dim, dim_out)
        self.norm2, self.conv2 = norm(dim_out), nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else None

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(F.silu(t))[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class AttentionBlock(nn.Module):
    """One head."""

    def __init__(self, dim):
        super().__init__()
        self.group_norm = norm(dim)
        self.to_q, self.to_k, self.to_v = (nn.Linear(dim, dim) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])

    def forward(self, x):
        pixels = self.group_norm(x).flatten(2).transpose(1, 2)
        q, k, v = self.to_q(pixels), self.to_k(pixels), self.to_v(pixels)
        if hasattr(F, "scaled_dot_product_attention"):
            result = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        else:
            result = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.to_out[0](result).transpose(1, 2).reshape(x.shape) + x


class Downsample(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Upsample(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv = nn.Conv2d(dim, dim, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """What one level has, on one of the two ways, or the middle."""

    def __init__(self, width, resnets, attends, downsampler=None, upsampler=None):
        super().__init__()
        self.attentions = nn.ModuleList([AttentionBlock(width) for _ in resnets[:attends]])
        self.resnets = nn.ModuleList(resnets)
        self.downsamplers = nn.ModuleList([downsampler] if downsampler else [])
        self.upsamplers = nn.ModuleList([upsampler] if upsampler else [])

    def block(self, index, x, t):
        x = self.resnets[index](x, t)
        return self.attentions[index](x) if index < len(self.attentions) else x


class DdpmUnet(nn.Module):
    def __init__(self, dim, multipliers, attends, channels, blocks=2):
        super().__init__()
        time, widths, last = 4 * dim, [dim * m for m in multipliers], len(multipliers) - 1
        self.conv_in, self.time_embedding = nn.Conv2d(channels, dim, 3, padding=1), TimestepEmbedding(dim, time)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        width, skips = dim, [dim]
        for level, to in enumerate(widths):
            resnets = [PreActResnetBlock(width if i == 0 else to, to, time) for i in range(blocks)]
            skips += [to] * (blocks if level == last else blocks + 1)
            self.down_blocks.append(Level(to, resnets, blocks if attends[level] else 0, downsampler=Downsample(to) if level < last else None))
            width = to
        self.mid_block = Level(width, [PreActResnetBlock(width, width, time) for _ in range(2)], 1)
        for level, to in reversed(list(enumerate(widths))):
            resnets = [PreActResnetBlock((width if i == 0 else to) + skips.pop(), to, time) for i in range(blocks + 1)]
            self.up_blocks.append(Level(to, resnets, blocks + 1 if attends[level] else 0, upsampler=Upsample(to) if level > 0 else None))
            width = to
        self.conv_norm_out, self.conv_out = norm(dim), nn.Conv2d(dim, channels, 3, padding=1)

    def forward(self, x, timesteps):
        t = self.time_embedding(timesteps)
        x = self.conv_in(x)
        skips = [x]
        for level in self.down_blocks:
            for i in range(len(level.resnets)):
                x = level.block(i, x, t)
                skips.append(x)
            for downsampler in level.downsamplers:
                x = downsampler(x)
                skips.append(x)
        x = self.mid_block.block(1, self.mid_block.block(0, x, t), t)
        for level in self.up_blocks:
            for i in range(len(level.resnets)):
                x = level.block(i, torch.cat([x, skips.pop()], 1), t)
            for upsampler in level.upsamplers:
                x = upsampler(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))
