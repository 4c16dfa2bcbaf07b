package dev.signalbox.dispatcher.health;

import dev.signalbox.dispatcher.health.OutcomeWindow.WorkerSight;
import dev.signalbox.schemas.avro.DeploymentState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.jspecify.annotations.Nullable;

/**
 * The stored form of a {@link Standing}: a version byte, then its fields in their order, states and signals by name (empty
 * for none). A later version must go on reading this one.
 */
final class StandingSerde {
    private static final byte VERSION = 3;
    /** Did not know which call probes. */
    private static final byte SECOND_VERSION = 2;
    /** Knew neither turns of probes nor the rows of each worker's failures. */
    private static final byte FIRST_VERSION = 1;
    private static final int LIKELY_BYTES = 512;

    private StandingSerde() {
    }

    static Serde<Standing> serde() {
        return Serdes.serdeFrom((topic, standing) -> write(standing), (topic, bytes) -> read(bytes));
    }

    static byte[] write(Standing standing) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(LIKELY_BYTES);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeLong(standing.version());
            name(out, standing.state());
            name(out, standing.previous());
            name(out, standing.signal());
            out.writeUTF(standing.reason());
            out.writeLong(standing.sinceMillis());
            out.writeInt(standing.ejections());
            out.writeLong(standing.ejectedUntilMillis());
            out.writeLong(standing.countsFromMillis());
            out.writeInt(standing.consecutiveFailures());
            out.writeInt(standing.probesAnswered());
            out.writeLong(standing.lastCallMillis());
            window(out, standing.window());
            probe(out, standing.probe());
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    private static void name(DataOutputStream out, @Nullable Enum<?> value) throws IOException {
        out.writeUTF(value == null ? "" : value.name());
    }

    private static void window(DataOutputStream out, OutcomeWindow window) throws IOException {
        out.writeShort(window.slices().size());
        for (var slice : window.slices().entrySet()) {
            out.writeLong(slice.getKey());
            out.writeShort(slice.getValue().size());
            for (var count : slice.getValue().entrySet()) {
                out.writeUTF(count.getKey());
                out.writeInt(count.getValue());
            }
        }
        out.writeShort(window.workers().size());
        for (var worker : window.workers().entrySet()) {
            out.writeUTF(worker.getKey());
            out.writeLong(worker.getValue().lastCallMillis());
            out.writeLong(worker.getValue().lastFailureMillis());
            out.writeLong(worker.getValue().lastAnswerMillis());
            out.writeLong(worker.getValue().failingSinceMillis());
            out.writeInt(worker.getValue().failuresInARow());
        }
    }

    private static void probe(DataOutputStream out, ProbeTurn probe) throws IOException {
        out.writeShort(probe.workers().size());
        for (String worker : probe.workers()) {
            out.writeUTF(worker);
        }
        out.writeInt(probe.turn());
        out.writeUTF(probe.claimed() == null ? "" : probe.claimed());
        out.writeLong(probe.sinceMillis());
        out.writeBoolean(probe.runs());
        out.writeUTF(probe.call());
    }

    static Standing read(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version < FIRST_VERSION || version > VERSION) {
                throw new SerializationException("a standing of version " + version
                        + ", which a later dispatcher wrote; this one reads up to " + VERSION);
            }
            return standing(in, version);
        } catch (IOException | IllegalArgumentException e) {
            throw new SerializationException("the bytes are not a standing", e);
        }
    }

    private static Standing standing(DataInputStream in, byte version) throws IOException {
        return new Standing(in.readLong(), DeploymentState.valueOf(in.readUTF()),
                optional(DeploymentState.class, in.readUTF()), optional(HealthSignal.class, in.readUTF()),
                in.readUTF(), in.readLong(), in.readInt(), in.readLong(), in.readLong(), in.readInt(), in.readInt(),
                in.readLong(), window(in, version), version == FIRST_VERSION ? ProbeTurn.NONE : probe(in, version));
    }

    private static <E extends Enum<E>> @Nullable E optional(Class<E> type, String name) {
        return name.isEmpty() ? null : Enum.valueOf(type, name);
    }

    private static ProbeTurn probe(DataInputStream in, byte version) throws IOException {
        List<String> workers = new ArrayList<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            workers.add(in.readUTF());
        }
        int turn = in.readInt();
        String claimed = in.readUTF();
        return new ProbeTurn(workers, turn, claimed.isEmpty() ? null : claimed, in.readLong(), in.readBoolean(),
                version == SECOND_VERSION ? "" : in.readUTF());
    }

    private static OutcomeWindow window(DataInputStream in, byte version) throws IOException {
        TreeMap<Long, TreeMap<String, Integer>> slices = new TreeMap<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            TreeMap<String, Integer> counts = new TreeMap<>();
            slices.put(in.readLong(), counts);
            for (int j = in.readUnsignedShort(); j > 0; j--) {
                counts.put(in.readUTF(), in.readInt());
            }
        }
        TreeMap<String, WorkerSight> workers = new TreeMap<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            String name = in.readUTF();
            long lastCall = in.readLong();
            long lastFailure = in.readLong();
            workers.put(name, version == FIRST_VERSION
                    ? new WorkerSight(lastCall, lastFailure, WorkerSight.NEVER, WorkerSight.NEVER, 0)
                    : new WorkerSight(lastCall, lastFailure, in.readLong(), in.readLong(), in.readInt()));
        }
        return new OutcomeWindow(slices, workers);
    }
}
