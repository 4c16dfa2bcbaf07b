package dev.signalbox.dispatcher.tenants;

import dev.signalbox.schemas.avro.TenantPart;
import dev.signalbox.schemas.avro.TenantRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What each tenant was served of late, by all workers that told of it. Nothing of it is kept: workers tell sums that go on,
 * again and again, so that whoever begins knows all of them within seconds.
 *
 * <p>A pure model, time as a parameter. Bound: {@value #MOST_PARTS} parts; what is told beyond them is not known elsewhere.
 */
public final class TenantBook {
    static final int MOST_PARTS = 100_000;
    /** A worker that is silent for so long has none of its calls any more, as far as is known. */
    static final long SILENT_MILLIS = Duration.ofSeconds(15).toMillis();
    /** For so long what it used in its last minute counts. */
    static final long KEPT_MILLIS = Duration.ofSeconds(65).toMillis();

    private static final Comparator<TenantPart> BY_PLACE = Comparator.comparing(TenantPart::getPool)
            .thenComparing(TenantPart::getPriority).thenComparing(TenantPart::getWorker);

    private final Map<String, Map<Place, Told>> tenants = new HashMap<>();
    private final Set<String> changed = new HashSet<>();
    private int parts;

    private record Place(String worker, String pool, String priority) {
    }

    private record Told(TenantPart part, long millis) {
    }

    /**
     * A tenant of whom something else is known now.
     *
     * @param record empty: nothing any more
     */
    public record News(String tenant, Optional<TenantRecord> record) {
    }

    /** A worker tells of its own. */
    public void told(String tenant, TenantRecord said, long nowMillis) {
        Map<Place, Told> known = tenants.computeIfAbsent(tenant, any -> new HashMap<>());
        for (TenantPart part : said.getParts()) {
            Place place = new Place(part.getWorker(), part.getPool(), part.getPriority());
            if (parts < MOST_PARTS || known.containsKey(place)) {
                parts += known.put(place, new Told(part, nowMillis)) == null ? 1 : 0;
                changed.add(tenant);
            }
        }
        if (known.isEmpty()) {
            tenants.remove(tenant);
        }
    }

    /** Of whom something was told since this was last asked. */
    public List<News> news() {
        List<News> news = changed.stream().sorted().map(this::news).toList();
        changed.clear();
        return news;
    }

    private News news(String tenant) {
        return new News(tenant, Optional.ofNullable(tenants.get(tenant)).map(known -> new TenantRecord(tenant,
                known.values().stream().map(Told::part).sorted(BY_PLACE).toList())));
    }

    /** Looks at all: whoever is silent has no calls any more, and after a minute none that count. */
    public void sweep(long nowMillis) {
        for (String tenant : new ArrayList<>(tenants.keySet())) {
            Map<Place, Told> known = tenants.getOrDefault(tenant, Map.of());
            int before = known.size();
            known.values().removeIf(told -> nowMillis - told.millis > KEPT_MILLIS);
            boolean news = known.size() != before;
            parts -= before - known.size();
            for (Map.Entry<Place, Told> each : known.entrySet()) {
                TenantPart part = each.getValue().part;
                if (nowMillis - each.getValue().millis > SILENT_MILLIS && part.getCallsNow() + part.getWaiting() > 0) {
                    each.setValue(new Told(
                            TenantPart.newBuilder(part).setCallsNow(0).setWaiting(0)
                                    .setDivertedSinceMillis(null).build(),
                            each.getValue().millis));
                    news = true;
                }
            }
            if (known.isEmpty()) {
                tenants.remove(tenant);
            }
            if (news) {
                changed.add(tenant);
            }
        }
    }
}
