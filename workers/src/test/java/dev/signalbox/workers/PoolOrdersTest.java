package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What operators order of a worker's pools. */
@Tag("issue-6")
class PoolOrdersTest {
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");
    private static final long AT = 1_000;
    private static final long LENGTH = 500;

    @Test
    void aWorkerServesWhatItWasStartedWith() {
        assertThat(served(new PoolOrders(Set.of()), AT)).containsExactly(HIGH, LOW);
        assertThat(served(new PoolOrders(Set.of(LOW)), AT)).containsExactly(LOW);
    }

    @Test
    void aMovedWorkerServesOnlyThatAndComesBackByItself() {
        PoolOrders orders = new PoolOrders(Set.of(LOW));
        orders.worker(order(ControlAction.MOVE, List.of("high")), AT);
        assertThat(served(orders, AT)).containsExactly(HIGH);
        assertThat(served(orders, AT + LENGTH - 1)).containsExactly(HIGH);
        assertThat(served(orders, AT + LENGTH)).containsExactly(LOW);
    }

    @Test
    void theLastOrderCountsAndMayTakeTheOneBeforeBack() {
        PoolOrders orders = new PoolOrders(Set.of());
        orders.worker(order(ControlAction.MOVE, List.of("high")), AT);
        orders.worker(order(ControlAction.MOVE, List.of("low")), AT + 1);
        assertThat(served(orders, AT + 2)).containsExactly(LOW);
        orders.worker(order(ControlAction.RESTORE, List.of()), AT + 2);
        assertThat(served(orders, AT + 3)).containsExactly(HIGH, LOW);
        orders.worker(order(ControlAction.MOVE, List.of("low")), AT + 3);
        orders.worker(null, AT + 4);
        assertThat(served(orders, AT + 4)).containsExactly(HIGH, LOW);
    }

    @Test
    void aDrainedPoolIsServedByNobodyUntilItEnds() {
        PoolOrders orders = new PoolOrders(Set.of());
        orders.worker(order(ControlAction.MOVE, List.of("low")), AT);
        orders.pool(LOW, order(ControlAction.DRAIN, List.of()), AT - 400);
        assertThat(served(orders, AT)).isEmpty();
        assertThat(served(orders, AT + 100)).containsExactly(LOW);
        orders.pool(LOW, order(ControlAction.DRAIN, List.of()), AT + 100);
        orders.pool(LOW, order(ControlAction.RESTORE, List.of()), AT + 101);
        assertThat(served(orders, AT + 102)).containsExactly(LOW);
    }

    @Test
    void anActionOfALaterVersionChangesNothing() {
        PoolOrders orders = new PoolOrders(Set.of());
        orders.worker(order(ControlAction.EJECT, List.of("low")), AT);
        orders.pool(LOW, order(ControlAction.EJECT, List.of()), AT);
        assertThat(served(orders, AT)).containsExactly(HIGH, LOW);
    }

    private static List<PoolName> served(PoolOrders orders, long now) {
        return List.of(HIGH, LOW).stream().filter(pool -> orders.serves(pool, now)).toList();
    }

    private static ControlOrder order(ControlAction action, List<String> pools) {
        return ControlOrder.newBuilder().setDeployment("").setAction(action).setDurationMillis(LENGTH).setWho("ann")
                .setWhy("test").setPools(pools).build();
    }
}
