package dev.signalbox.cli.batch;

import dev.signalbox.config.PriceTable;
import dev.signalbox.schemas.Lane;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the file asks for, counted while it is checked. One group for each model, use case and lane. */
final class BatchPlan {
    /** What the requests of a group share. */
    record Group(String model, String useCase, Lane lane) implements Comparable<Group> {
        @Override
        public int compareTo(Group other) {
            return (model + '\0' + useCase + '\0' + lane)
                    .compareTo(other.model + '\0' + other.useCase + '\0' + other.lane);
        }
    }

    /**
     * @param cost estimate; empty: a price is not known
     */
    record Totals(int requests, int streamed, long inputTokens, long outputTokens, Optional<BigDecimal> cost) {
        static final Totals NONE = new Totals(0, 0, 0, 0, Optional.of(BigDecimal.ZERO));

        Totals plus(Totals other) {
            return new Totals(requests + other.requests, streamed + other.streamed, inputTokens + other.inputTokens,
                    outputTokens + other.outputTokens, cost.flatMap(mine -> other.cost.map(mine::add)));
        }
    }

    private final Map<Group, Totals> groups = new TreeMap<>();
    private Totals all = Totals.NONE;

    void add(Group group, BodyShape shape, Optional<PriceTable.Price> price) {
        Totals one = new Totals(1, shape.streamed() ? 1 : 0, shape.inputTokens(), shape.outputTokens(),
                price.map(p -> Placements.cost(p, shape.inputTokens(), shape.outputTokens())));
        groups.merge(group, one, Totals::plus);
        all = all.plus(one);
    }

    Map<Group, Totals> groups() {
        return groups;
    }

    Totals all() {
        return all;
    }
}
