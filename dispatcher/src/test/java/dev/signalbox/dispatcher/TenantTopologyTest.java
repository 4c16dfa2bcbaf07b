package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.TenantPart;
import dev.signalbox.schemas.avro.TenantRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-6")
class TenantTopologyTest {
    @TempDir
    private Path folder;

    private static TenantPart part(String worker, long served) {
        return new TenantPart(worker, "main", "standard", 1L, served, 3L, served, 2, 5, null);
    }

    private static TenantRecord record(TenantPart... parts) {
        return new TenantRecord("acme", List.of(parts));
    }

    @Test
    void whatEachWorkerTellsOfATenantIsToldToAll() {
        try (ControlDriver dispatcher = new ControlDriver(folder, ControlDriver.YAML)) {
            dispatcher.use(record(part("b", 70)));
            dispatcher.use(record(part("a", 100)));
            assertThat(dispatcher.tenants.isEmpty()).isTrue();
            dispatcher.pass(Duration.ofSeconds(1));
            assertThat(dispatcher.tenants.readKeyValuesToList())
                    .containsExactly(KeyValue.pair("acme", record(part("a", 100), part("b", 70))));
            dispatcher.pass(Duration.ofSeconds(3));
            assertThat(dispatcher.tenants.isEmpty()).as("nothing is told again").isTrue();
        }
    }

    @Test
    void aDispatcherThatBeginsKnowsWhatIsToldFromThenOn() {
        try (ControlDriver dispatcher = new ControlDriver(folder, ControlDriver.YAML)) {
            dispatcher.use(record(part("b", 1_000)));
            dispatcher.pass(Duration.ofSeconds(1));
            assertThat(dispatcher.tenants.readValue()).isEqualTo(record(part("b", 1_000)));
        }
    }

    @Test
    void aWorkerThatIsSilentHasNoCallsAfterAWhileAndIsForgottenAfterAMinute() {
        try (ControlDriver dispatcher = new ControlDriver(folder, ControlDriver.YAML)) {
            dispatcher.use(record(part("a", 100)));
            dispatcher.pass(Duration.ofSeconds(1));
            assertThat(dispatcher.tenants.readValue().getParts().getFirst().getCallsNow()).isEqualTo(2);
            dispatcher.pass(Duration.ofSeconds(20));
            TenantPart silent = dispatcher.tenants.readValue().getParts().getFirst();
            assertThat(silent.getCallsNow() + silent.getWaiting()).isZero();
            assertThat(silent.getTokensInMinute()).as("what it used counts for its minute").isEqualTo(100);
            dispatcher.pass(Duration.ofSeconds(60));
            assertThat(dispatcher.tenants.readKeyValuesToList()).containsExactly(new KeyValue<>("acme", null));
        }
    }
}
