package dev.signalbox.workers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Residency;
import dev.signalbox.config.Tenant;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class TenantOrdersTest {
    private static final long AT = 1_700_000_000_000L;
    private static final Tenant ACME = new Tenant("acme", 3,
            new Tenant.Limits(OptionalInt.of(10), OptionalInt.of(60), OptionalInt.empty()), Residency.ANYWHERE);

    private final TenantOrders orders = new TenantOrders();

    private static ControlOrder order(ControlAction action, Integer concurrency, Integer tokens) {
        return ControlOrder.newBuilder().setDeployment("").setAction(action).setDurationMillis(1_000).setWho("ann")
                .setWhy("loud").setTenant("acme").setConcurrency(concurrency).setTokensPerMinute(tokens).build();
    }

    @Test
    void whatIsOrderedStandsInThePlaceOfWhatIsConfiguredUntilItEnds() {
        orders.tenant("acme", order(ControlAction.LIMIT, 2, 500), AT);
        assertThat(orders.of(ACME, AT + 999)).isEqualTo(new Tenant("acme", 3,
                new Tenant.Limits(OptionalInt.of(2), OptionalInt.of(60), OptionalInt.of(500)), Residency.ANYWHERE));
        assertThat(orders.of(ACME, AT + 1_000)).isEqualTo(ACME);
        assertThat(orders.of(Tenant.ofDefault("other"), AT)).isEqualTo(Tenant.ofDefault("other"));
    }

    @Test
    void aLaterOrderAndARestorationTakeItsPlace() {
        orders.tenant("acme", order(ControlAction.LIMIT, 2, null), AT);
        orders.tenant("acme", order(ControlAction.LIMIT, null, 7), AT + 1);
        assertThat(orders.of(ACME, AT + 2).limits())
                .isEqualTo(new Tenant.Limits(OptionalInt.of(10), OptionalInt.of(60), OptionalInt.of(7)));
        orders.tenant("acme", order(ControlAction.RESTORE, null, null), AT + 3);
        assertThat(orders.of(ACME, AT + 4)).isEqualTo(ACME);
        orders.tenant("acme", order(ControlAction.LIMIT, 2, null), AT + 5);
        orders.tenant("acme", null, AT + 6);
        assertThat(orders.of(ACME, AT + 7)).isEqualTo(ACME);
    }
}
