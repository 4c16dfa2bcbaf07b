package dev.signalbox.dispatcher.alerts;

import dev.signalbox.schemas.avro.Alert;
import dev.signalbox.schemas.avro.AlertSeverity;
import dev.signalbox.schemas.avro.AlertStatus;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * All that is known of one alert. Immutable; times are ms on the broker's clock.
 *
 * @param trouble as it was seen last
 * @param sinceMillis since when it holds, or held
 * @param movedMillis when it came to its state
 * @param toldMillis when it was last told raised, worse or milder, or resolved; 0: never
 */
record AlertStanding(AlertState state, Trouble trouble, long sinceMillis, long movedMillis, long toldMillis) {
    private static final byte VERSION = 1;

    static AlertStanding first(Trouble trouble, long nowMillis) {
        return new AlertStanding(AlertState.PENDING, trouble, nowMillis, nowMillis, 0);
    }

    AlertStanding moved(AlertSignal by, long nowMillis) {
        return new AlertStanding(AlertTransitions.next(state, by), trouble, sinceMillis, nowMillis, toldMillis);
    }

    AlertStanding seen(Trouble now) {
        return new AlertStanding(state, now, sinceMillis, movedMillis, toldMillis);
    }

    /** It begins anew. */
    AlertStanding since(long nowMillis) {
        return new AlertStanding(state, trouble, nowMillis, movedMillis, toldMillis);
    }

    AlertStanding told(long nowMillis) {
        return new AlertStanding(state, trouble, sinceMillis, movedMillis, nowMillis);
    }

    /** Whether it is told as raised. */
    boolean holds() {
        return state == AlertState.RAISED || state == AlertState.CLEARING;
    }

    /** As it is told. */
    Alert alert(String environment) {
        return Alert.newBuilder().setKey(trouble.key()).setName(trouble.name()).setSeverity(trouble.severity())
                .setStatus(holds() ? AlertStatus.RAISED : AlertStatus.RESOLVED).setWhere(trouble.where())
                .setWhat(trouble.what()).setCure(trouble.cure()).setSinceMillis(sinceMillis)
                .setResolvedMillis(holds() ? null : (Long) toldMillis).setChangedMillis(toldMillis)
                .setEnvironment(environment).build();
    }

    /** A version byte, then the fields in their order. */
    static Serde<AlertStanding> serde() {
        return Serdes.serdeFrom((topic, standing) -> standing.toBytes(), (topic, bytes) -> of(bytes));
    }

    private byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeUTF(state.name());
            out.writeUTF(trouble.name());
            out.writeUTF(trouble.severity().name());
            out.writeUTF(trouble.where());
            out.writeUTF(trouble.what());
            out.writeUTF(trouble.cure());
            out.writeLong(sinceMillis);
            out.writeLong(movedMillis);
            out.writeLong(toldMillis);
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    private static AlertStanding of(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION) {
                throw new SerializationException("an alert of version " + version
                        + ", which a later dispatcher wrote; this one reads " + VERSION);
            }
            AlertState state = AlertState.valueOf(in.readUTF());
            String name = in.readUTF();
            Trouble trouble = new Trouble(name, AlertSeverity.valueOf(in.readUTF()), in.readUTF(), in.readUTF(),
                    in.readUTF());
            return new AlertStanding(state, trouble, in.readLong(), in.readLong(), in.readLong());
        } catch (IOException | IllegalArgumentException e) {
            throw new SerializationException("the bytes are not an alert", e);
        }
    }
}
