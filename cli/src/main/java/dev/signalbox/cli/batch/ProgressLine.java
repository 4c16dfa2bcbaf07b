package dev.signalbox.cli.batch;

import java.util.List;
import java.util.Map;

/** The one line that tells how a run goes. */
final class ProgressLine {
    private ProgressLine() {
    }

    /** @param width columns that it may fill; the shares at its end are cut first */
    static String of(BatchStats.Snapshot now, String currency, int width) {
        StringBuilder line = new StringBuilder();
        line.append(now.done()).append('/').append(now.total());
        line.append("  ok ").append(now.ok()).append("  failed ").append(now.failed());
        line.append("  ").append(Figures.rate(now.perSecond()));
        line.append("  ").append(Figures.count(now.inputTokens() + now.outputTokens())).append(" tokens");
        line.append("  ").append(cost(now, currency));
        line.append("  ETA ").append(eta(now));
        String separator = "  ";
        for (Map.Entry<String, Integer> share : shares(now.byDeployment())) {
            String text = separator + share.getKey() + " " + percent(share.getValue(), now.ok());
            if (line.length() + text.length() > width) {
                break;
            }
            line.append(text);
            separator = " · ";
        }
        return line.length() > width ? line.substring(0, Math.max(0, width)) : line.toString();
    }

    static String cost(BatchStats.Snapshot now, String currency) {
        String known = Figures.money(now.cost(), currency);
        if (now.unpriced() == 0) {
            return known;
        }
        return now.cost().signum() == 0 ? "cost unknown" : known + " + unknown";
    }

    static String percent(int part, int whole) {
        return Math.round(100.0 * part / Math.max(1, whole)) + " %";
    }

    /** The largest share first. */
    static List<Map.Entry<String, Integer>> shares(Map<String, Integer> byDeployment) {
        return byDeployment.entrySet().stream().sorted(Map.Entry.<String, Integer>comparingByValue().reversed()
                .thenComparing(Map.Entry.comparingByKey())).toList();
    }

    private static String eta(BatchStats.Snapshot now) {
        int left = now.total() - now.done();
        if (left == 0) {
            return "0 s";
        }
        return now.perSecond() < 0.01
                ? "?"
                : Figures.duration(Math.max(1000, Math.round(1000 * left / now.perSecond())));
    }
}
