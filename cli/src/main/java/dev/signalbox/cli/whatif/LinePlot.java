package dev.signalbox.cli.whatif;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Curves over time as an SVG document, drawn by hand: plotting libraries of this platform need its fonts, which servers lack. */
final class LinePlot {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 320;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 40;
    private static final int BOTTOM = 50;
    private static final int LINES = 4;
    static final int MOST_CURVES = 8;
    private static final List<String> COLOURS = List.of("#1b6ca8", "#d1495b", "#2e8b57", "#edae49", "#6a4c93",
            "#444444",
            "#00798c", "#b56576");

    private LinePlot() {
    }

    /** @param outages drawn behind the curves */
    static String svg(String title, String unit, Series series, List<Outage> outages) {
        double end = series.seconds().isEmpty() ? 1 : Math.max(1, series.seconds().getLast());
        double most = Math.max(1e-9, series.most());
        StringBuilder svg = new StringBuilder(4_096);
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
                .formatted(WIDTH, HEIGHT))
                .append(" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        text(svg, LEFT, 20, "start", title + " (" + unit + ")");
        for (Outage outage : outages) {
            double from = x(outage.fromNanos() / 1e9, end);
            double until = x(Math.min(end, outage.untilNanos() / 1e9), end);
            svg.append(String.format(Locale.ROOT,
                    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#d1495b\" opacity=\"0.12\"/>%n",
                    from, TOP,
                    Math.max(1, until - from), HEIGHT - TOP - BOTTOM));
            text(svg, from + 3, TOP + 12, "start", outage.what());
        }
        for (int i = 0; i <= LINES; i++) {
            double y = y(most * i / LINES, most);
            svg.append(String.format(Locale.ROOT,
                    "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#dddddd\"/>%n", LEFT, y, WIDTH - RIGHT,
                    y));
            text(svg, LEFT - 6, y + 4, "end", number(most * i / LINES));
            text(svg, x(end * i / LINES, end), HEIGHT - BOTTOM + 16, "middle", number(end * i / LINES) + " s");
        }
        int curve = 0;
        for (Map.Entry<String, List<Double>> each : series.values().entrySet()) {
            if (curve < MOST_CURVES) {
                curve(svg, series.seconds(), each.getValue(), end, most, COLOURS.get(curve));
                legend(svg, curve, each.getKey());
            }
            curve++;
        }
        if (curve > MOST_CURVES) {
            text(svg, WIDTH - RIGHT, 20, "end", "and " + (curve - MOST_CURVES) + " more");
        }
        return svg.append("</svg>\n").toString();
    }

    private static void curve(StringBuilder svg, List<Double> seconds, List<Double> values, double end, double most,
            String colour) {
        svg.append("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"").append(colour).append("\" points=\"");
        for (int i = 0; i < values.size(); i++) {
            svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(seconds.get(i), end), y(values.get(i), most)));
        }
        svg.append("\"/>\n");
    }

    private static void legend(StringBuilder svg, int curve, String name) {
        int x = LEFT + curve % 4 * (WIDTH - LEFT - RIGHT) / 4;
        int y = HEIGHT - 20 + curve / 4 * 14;
        svg.append(String.format(Locale.ROOT, "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>%n", x,
                y - 9, COLOURS.get(curve)));
        text(svg, x + 14, y, "start", name);
    }

    private static double x(double second, double end) {
        return LEFT + second / end * (WIDTH - LEFT - RIGHT);
    }

    private static double y(double value, double most) {
        return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM);
    }

    private static String number(double value) {
        return value >= 100 || value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.2g", value);
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor))
                .append(text.replace("&", "&amp;").replace("<", "&lt;")).append("</text>\n");
    }
}
