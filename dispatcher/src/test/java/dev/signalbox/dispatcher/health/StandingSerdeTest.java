package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.signalbox.schemas.avro.DeploymentState;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class StandingSerdeTest {
    /** As the first version wrote it: neither turns of probes nor the rows of each worker's failures. */
    private static byte[] first() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(1);
        out.writeLong(3);
        out.writeUTF("EJECTED");
        out.writeUTF("DEGRADED");
        out.writeUTF("FAILING");
        out.writeUTF("it fails");
        out.writeLong(1_000);
        out.writeInt(2);
        out.writeLong(21_000);
        out.writeLong(0);
        out.writeInt(5);
        out.writeInt(0);
        out.writeLong(1_000);
        out.writeShort(1);
        out.writeLong(0);
        out.writeShort(1);
        out.writeUTF("TIMEOUT");
        out.writeInt(5);
        out.writeShort(1);
        out.writeUTF("worker");
        out.writeLong(900);
        out.writeLong(900);
        return bytes.toByteArray();
    }

    @Test
    void whatTheFirstVersionWroteIsRead() throws IOException {
        Standing standing = StandingSerde.read(first());

        assertThat(standing.state()).isEqualTo(DeploymentState.EJECTED);
        assertThat(standing.signal()).isEqualTo(HealthSignal.FAILING);
        assertThat(standing.ejectedUntilMillis()).isEqualTo(21_000);
        assertThat(standing.window().failed()).isEqualTo(5);
        assertThat(standing.window().workersFailing()).isEqualTo(1);
        assertThat(standing.probe()).isEqualTo(ProbeTurn.NONE);
        assertThat(StandingSerde.read(StandingSerde.write(standing))).isEqualTo(standing);
    }

    @Test
    void whatALaterVersionWroteIsRefusedInWords() throws IOException {
        byte[] later = first();
        later[0] = 99;
        assertThatThrownBy(() -> StandingSerde.read(later)).isInstanceOf(SerializationException.class)
                .hasMessageContaining("a later dispatcher wrote");
    }
}
