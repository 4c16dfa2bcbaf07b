package dev.signalbox.cli;

import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.DemandPeak;
import dev.signalbox.schemas.avro.RouteStanding;
import java.io.PrintStream;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the dispatcher of a running installation says its routes have left. */
record RedundancyCommandLive(Collection<RouteStanding> routes) {
    static RedundancyCommandLive read(Clients clients) {
        return new RedundancyCommandLive(
                LatestRecords.read(clients, Topics.REDUNDANCY, RouteStanding.class).values());
    }

    void print(PrintStream out) {
        out.println();
        if (routes.isEmpty()) {
            out.println("now: nothing is known yet; the dispatcher tells it after the first calls");
            return;
        }
        Rows rows = new Rows("route", "pool", "tenant", "in_use", "out", "vendors", "isolated", "peak_per_minute",
                "headroom", "wanted", "worst_loss", "capacity_left", "peak_served", "unused", "as_of");
        for (RouteStanding route : routes) {
            rows.add(route.getRoute(), route.getPool(), orDash(route.getTenant()), route.getInUse().size(),
                    route.getOut().isEmpty() ? "-" : String.join(",", route.getOut()), route.getVendors().size(),
                    route.getIsolated() ? "yes" : "no",
                    route.getPeaks().isEmpty() ? "-" : number(route.getPeaks().getLast().getRequestsPerMinute()),
                    number(route.getHeadroom()), number(route.getWantedHeadroom()), orDash(route.getWorstDomain()),
                    percent(route.getCapacityLeft()), percent(route.getPeakServed()),
                    route.getUnused().isEmpty() ? "-" : String.join(",", route.getUnused()),
                    Instant.ofEpochMilli(route.getAsOfMillis()).toString());
        }
        rows.print(Rows.Form.TABLE, out);
        out.println("what is wrong now: signalbox alerts list");
    }

    /** For JSON and YAML, without what is not known. */
    List<Object> document() {
        return routes.stream().<Object>map(RedundancyCommandLive::entry).toList();
    }

    private static Map<String, Object> entry(RouteStanding route) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("route", route.getRoute());
        entry.put("pool", route.getPool());
        put(entry, "tenant", route.getTenant());
        entry.put("as_of", Instant.ofEpochMilli(route.getAsOfMillis()).toString());
        entry.put("in_use", route.getInUse());
        entry.put("out", route.getOut());
        entry.put("vendors", route.getVendors());
        entry.put("regions", route.getRegions());
        entry.put("failure_domains", route.getFailureDomains());
        entry.put("hiding_vendors", route.getHidingVendors());
        entry.put("isolated", route.getIsolated());
        entry.put("peaks", route.getPeaks().stream().map(RedundancyCommandLive::peak).toList());
        put(entry, "headroom", route.getHeadroom());
        entry.put("wanted_headroom", route.getWantedHeadroom());
        put(entry, "worst_domain", route.getWorstDomain());
        put(entry, "capacity_left", route.getCapacityLeft());
        put(entry, "peak_served", route.getPeakServed());
        entry.put("unused", route.getUnused());
        return entry;
    }

    private static Map<String, Object> peak(DemandPeak peak) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("days", peak.getDays());
        entry.put("concurrency", peak.getConcurrency());
        entry.put("requests_per_minute", peak.getRequestsPerMinute());
        entry.put("input_tokens_per_minute", peak.getInputTokensPerMinute());
        entry.put("output_tokens_per_minute", peak.getOutputTokensPerMinute());
        return entry;
    }

    private static void put(Map<String, Object> entry, String name, @Nullable Object value) {
        if (value != null) {
            entry.put(name, value);
        }
    }

    private static String orDash(@Nullable String text) {
        return text == null ? "-" : text;
    }

    private static String number(@Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.1f", value);
    }

    private static String percent(@Nullable Double share) {
        return share == null ? "-" : String.format(Locale.ROOT, "%.0f%%", Math.floor(share * 100));
    }
}
