using System.Globalization;
using System.Net;
using System.Text;
using UNetGen.Networks;

namespace UNetGen.Cli.Report;

/// <summary>
/// A network drawn as a U, as SVG: a bar a level on both sides, as high as its pixels and as wide as its channels, skips across, and what
/// the level is beside it.
/// </summary>
internal sealed class ArchitectureDrawing
{
    private const double Width = 1000;
    private const double Middle = 300;
    private const double Text = 640;
    private const double Top = 30;
    private const double TallestBar = 104;
    private const double LowestBar = 12;
    private const double WidestBar = 52;
    private const double NarrowestBar = 8;
    private const double Gap = 26;

    private readonly NetworkInfo info;
    private readonly StringBuilder svg = new();

    private ArchitectureDrawing(NetworkInfo info) => this.info = info;

    public static string Of(NetworkInfo info) => new ArchitectureDrawing(info).Draw();

    private string Draw()
    {
        var levels = info.Levels.Where(level => level.Name is not ("in" or "mid" or "out")).ToArray();
        var mid = info.Levels.Single(level => level.Name == "mid");
        var inset = Math.Min(60, 165.0 / levels.Length);

        // The image first and the mid last; each row under the one before.
        var y = Top;
        var (imageHeight, imageBar) = (BarHeight(info.ImageHeight), BarWidth(info.Channels));
        var (left, right) = (40.0, 2 * Middle - 40);
        Bar("image", left, y, imageBar, imageHeight);
        Bar("image", right - BarWidth(info.OutChannels), y, BarWidth(info.OutChannels), imageHeight);
        var goesIn = info.ConditionChannels == 0 ? "image in" : $"image and {info.ConditionChannels} channels of its condition in";
        Label(y + imageHeight / 2, Shape(info.Channels, info.ImageHeight, info.ImageWidth),
            info.OutChannels == info.Channels
                ? $"{goesIn}, prediction out"
                : $"{goesIn}; out {info.OutChannels} channels, prediction and variance");
        var (fromLeft, fromRight, bottom) = (left + imageBar / 2, right - BarWidth(info.OutChannels) / 2, y + imageHeight);
        y = bottom + Gap;
        for (var i = 0; i < levels.Length; i++)
        {
            var level = levels[i];
            var (height, width) = (BarHeight(level.Height), BarWidth(level.Channels));
            var row = Math.Max(height, 34);
            var top = y + (row - height) / 2;
            (left, right) = (40 + (i + 1) * inset, 2 * Middle - 40 - (i + 1) * inset);
            Flow(fromLeft, bottom, left + width / 2, top, down: true);
            Flow(right - width / 2, top, fromRight, bottom, down: false);
            var name = level.Attention == "-" ? "bar" : "bar attends";
            svg.Append(Invariant($"<line class=\"skip-line\" x1=\"{left + width + 6:0.#}\" y1=\"{top + height / 2:0.#}\" x2=\"{right - width - 6:0.#}\" y2=\"{top + height / 2:0.#}\"/>"));
            Bar(name, left, top, width, height);
            Bar(name, right - width, top, width, height);
            Label(y + row / 2, Shape(level.Channels, level.Height, level.Width), Description(level));
            (fromLeft, fromRight, bottom) = (left + width / 2, right - width / 2, top + height);
            y += row + Gap;
        }

        var midHeight = Math.Max(LowestBar, BarHeight(mid.Height));
        var midWidth = 1.6 * BarWidth(mid.Channels);
        var midTop = y + (Math.Max(midHeight, 34) - midHeight) / 2;
        Flow(fromLeft, bottom, Middle - midWidth / 2, midTop + midHeight / 2, down: true);
        Flow(Middle + midWidth / 2, midTop + midHeight / 2, fromRight, bottom, down: false);
        Bar(mid.Attention == "-" ? "bar" : "bar attends", Middle - midWidth / 2, midTop, midWidth, midHeight);
        Label(y + Math.Max(midHeight, 34) / 2, Shape(mid.Channels, mid.Height, mid.Width), Description(mid));
        var total = y + Math.Max(midHeight, 34) + Top / 2;

        var summary = string.Join(
            "; ",
            levels.Append(mid).Select(
                level => $"{(level.Name == "mid" ? "middle" : $"level {level.Name}")}: {Shape(level.Channels, level.Height, level.Width)}, "
                    + $"{Description(level)}"));
        return Invariant($"<svg class=\"u\" viewBox=\"0 0 {Width:0} {total:0.#}\" role=\"img\" aria-label=\"{WebUtility.HtmlEncode($"The network as a U. {summary}.")}\">")
            + "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path class=\"arrow\" d=\"M0 0L8 4L0 8Z\"/></marker></defs>"
            + svg + "</svg>";
    }

    private double BarHeight(int pixels) => Math.Max(LowestBar, TallestBar * pixels / info.ImageHeight);

    // Square roots: 1024 channels beside 64 leave both to be seen.
    private double BarWidth(int channels) =>
        NarrowestBar + (WidestBar - NarrowestBar) * Math.Sqrt((double)channels / info.Levels.Max(level => level.Channels));

    private static string Shape(int channels, int height, int width) => $"{channels} × {height} × {width}";

    private static string Description(LevelInfo level)
    {
        var attention = level.Attention == "-" ? "" : $", {level.Attention} attention";
        var blocks = level.Blocks is "-" or "" ? "" : level.Blocks == "1" ? "1 block" : $"{level.Blocks} blocks";
        return $"{blocks}{attention}, {level.Parameters:N0} parameters".TrimStart(',', ' ');
    }

    private void Bar(string name, double x, double y, double width, double height) =>
        svg.Append(
            Invariant($"<rect class=\"{name}\" x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{width:0.#}\" height=\"{height:0.#}\" rx=\"3\"/>"));

    /// <summary>From one bar to the next: down on the left side, up on the right.</summary>
    private void Flow(double x1, double y1, double x2, double y2, bool down) => svg.Append(Invariant(down
        ? (FormattableString)$"<path class=\"flow\" marker-end=\"url(#arrow)\" d=\"M{x1:0.#} {y1 + 2:0.#}C{x1:0.#} {y2:0.#} {x1:0.#} {y2 - 4:0.#} {x2:0.#} {y2 - 2:0.#}\"/>"
        : $"<path class=\"flow\" marker-end=\"url(#arrow)\" d=\"M{x1:0.#} {y1 - 2:0.#}C{x2:0.#} {y1 - 4:0.#} {x2:0.#} {y1:0.#} {x2:0.#} {y2 + 3:0.#}\"/>"));

    private void Label(double y, string shape, string description) => svg.Append(Invariant(
        $"<text class=\"shape\" x=\"{Text:0}\" y=\"{y - 3:0.#}\">{WebUtility.HtmlEncode(shape)}</text><text x=\"{Text:0}\" y=\"{y + 15:0.#}\">{WebUtility.HtmlEncode(description)}</text>"));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
