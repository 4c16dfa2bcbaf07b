package dev.signalbox.cli.whatif;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.schemas.avro.ReplyStatus;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** What pools, tenants and deployments saw. */
final class Observations {
    private static final long LONGEST_MILLIS = 8L * 86_400_000;
    private static final BigDecimal MILLION = BigDecimal.valueOf(1_000_000);

    private final PriceTable prices;
    private final LocalDate day;
    private final TenantWaits waits;
    private final Map<String, Group> lanes = new TreeMap<>();
    private final Map<String, Group> tenants = new TreeMap<>();
    private final Map<String, Calls> deployments = new TreeMap<>();
    private final DivertedTenants diverted = new DivertedTenants();
    private int open;

    /** What a pool's priority, or a tenant, saw; times in ms from the arrival. */
    static final class Group {
        long requests;
        final Map<ReplyStatus, Long> ended = new EnumMap<>(ReplyStatus.class);
        final Histogram wait = new Histogram(LONGEST_MILLIS, 3);
        final Histogram firstToken = new Histogram(LONGEST_MILLIS, 3);
        final Histogram total = new Histogram(LONGEST_MILLIS, 3);
        long inputTokens;
        long outputTokens;
        BigDecimal cost = BigDecimal.ZERO;

        long ended(ReplyStatus status) {
            return ended.getOrDefault(status, 0L);
        }
    }

    /** What a deployment was asked for. */
    static final class Calls {
        long made;
        long failed;
        int running;
        int most;
        long outputTokens;
        BigDecimal cost = BigDecimal.ZERO;
    }

    Observations(PriceTable prices, LocalDate day, TenantWaits waits) {
        this.prices = prices;
        this.day = day;
        this.waits = waits;
    }

    Map<String, Group> lanes() {
        return lanes;
    }

    Map<String, Group> tenants() {
        return tenants;
    }

    Map<String, Calls> deployments() {
        return deployments;
    }

    DivertedTenants diverted() {
        return diverted;
    }

    /** Requests that have arrived and not ended. */
    int open() {
        return open;
    }

    private Group lane(LoadRequest request) {
        return lanes.computeIfAbsent(request.lane().toString(), any -> new Group());
    }

    private Group tenant(LoadRequest request) {
        return tenants.computeIfAbsent(request.tenant(), any -> new Group());
    }

    Calls deployment(DeploymentName name) {
        return deployments.computeIfAbsent(name.toString(), any -> new Calls());
    }

    private static long arrivedNanos(LoadRequest request) {
        return VirtualTime.BEGIN_NANOS + request.atNanos();
    }

    private static long millis(LoadRequest request, long nanos) {
        return Math.clamp((nanos - arrivedNanos(request)) / 1_000_000, 0, LONGEST_MILLIS);
    }

    void arrived(LoadRequest request) {
        open++;
        lane(request).requests++;
        tenant(request).requests++;
        waits.begins(request.tenant(), arrivedNanos(request));
    }

    /** Its first call begins. */
    void dispatched(LoadRequest request, long nanos) {
        waits.ends(request.tenant(), arrivedNanos(request), nanos);
        lane(request).wait.recordValue(millis(request, nanos));
        tenant(request).wait.recordValue(millis(request, nanos));
    }

    /** It is about to end, and no call was made for it. */
    void uncalled(LoadRequest request, long nanos) {
        waits.ends(request.tenant(), arrivedNanos(request), nanos);
    }

    void callBegins(DeploymentName name) {
        Calls calls = deployment(name);
        calls.made++;
        calls.running++;
        calls.most = Math.max(calls.most, calls.running);
    }

    void callEnds(DeploymentName name) {
        deployment(name).running--;
    }

    void callFailed(DeploymentName name) {
        deployment(name).failed++;
    }

    void answered(LoadRequest request, DeploymentName by, long firstTokenNanos, long endNanos) {
        BigDecimal cost = cost(by, request);
        Calls calls = deployment(by);
        calls.outputTokens += request.outputTokens();
        calls.cost = calls.cost.add(cost);
        for (Group group : new Group[]{lane(request), tenant(request)}) {
            group.firstToken.recordValue(millis(request, firstTokenNanos));
            group.total.recordValue(millis(request, endNanos));
            group.inputTokens += request.inputTokens();
            group.outputTokens += request.outputTokens();
            group.cost = group.cost.add(cost);
        }
    }

    private BigDecimal cost(DeploymentName by, LoadRequest request) {
        Optional<PriceTable.Price> price = prices.price(by, day);
        return price.map(each -> each.input().multiply(BigDecimal.valueOf(request.inputTokens()))
                .add(each.output().multiply(BigDecimal.valueOf(request.outputTokens()))).divide(MILLION))
                .orElse(BigDecimal.ZERO);
    }

    void ended(LoadRequest request, ReplyStatus status) {
        open--;
        lane(request).ended.merge(status, 1L, Long::sum);
        tenant(request).ended.merge(status, 1L, Long::sum);
    }

    /** Answered so far, by lane. */
    Map<String, Long> answered() {
        Map<String, Long> answered = new HashMap<>();
        lanes.forEach((lane, group) -> answered.put(lane, group.ended(ReplyStatus.COMPLETED)));
        return answered;
    }
}
