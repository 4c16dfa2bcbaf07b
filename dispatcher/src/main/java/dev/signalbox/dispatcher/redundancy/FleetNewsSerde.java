package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.schemas.avro.DeploymentState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.jspecify.annotations.Nullable;

/** The form of {@link FleetNews} in an internal topic and in a store: a version byte, a kind byte, the fields in order. */
public final class FleetNewsSerde {
    private static final byte VERSION = 1;
    private static final byte HEALTH = 1;
    private static final byte FORGOTTEN = 2;
    private static final byte DEMAND = 3;
    private static final byte UNREADABLE = 4;

    private FleetNewsSerde() {
    }

    public static Serde<FleetNews> serde() {
        return Serdes.serdeFrom((topic, news) -> news == null ? null : write(news),
                (topic, bytes) -> bytes == null ? null : read(bytes));
    }

    public static byte[] write(FleetNews news) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            switch (news) {
                case FleetNews.Health health -> {
                    out.writeByte(HEALTH);
                    out.writeUTF(health.state().name());
                    out.writeLong(health.sinceMillis());
                    out.writeUTF(health.reason());
                    out.writeUTF(orEmpty(health.blame()));
                    out.writeUTF(orEmpty(health.suspectWorker()));
                }
                case FleetNews.Forgotten _ -> out.writeByte(FORGOTTEN);
                case FleetNews.Demand demand -> {
                    out.writeByte(DEMAND);
                    out.writeUTF(demand.route());
                    out.writeUTF(demand.pool());
                    out.writeLong(demand.minute());
                    write(out, demand.sums());
                }
                case FleetNews.Unreadable unreadable -> {
                    out.writeByte(UNREADABLE);
                    out.writeLong(unreadable.count());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    static void write(DataOutputStream out, DemandSums sums) throws IOException {
        out.writeLong(sums.requests());
        out.writeLong(sums.inputTokens());
        out.writeLong(sums.outputTokens());
        out.writeLong(sums.busyMillis());
    }

    static DemandSums sums(DataInputStream in) throws IOException {
        return new DemandSums(in.readLong(), in.readLong(), in.readLong(), in.readLong());
    }

    static FleetNews read(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION) {
                throw new SerializationException("fleet news of version " + version
                        + ", which a later dispatcher wrote; this one reads " + VERSION);
            }
            byte kind = in.readByte();
            return switch (kind) {
                case HEALTH -> new FleetNews.Health(DeploymentState.valueOf(in.readUTF()), in.readLong(), in.readUTF(),
                        orNull(in.readUTF()), orNull(in.readUTF()));
                case FORGOTTEN -> new FleetNews.Forgotten();
                case DEMAND -> new FleetNews.Demand(in.readUTF(), in.readUTF(), in.readLong(), sums(in));
                case UNREADABLE -> new FleetNews.Unreadable(in.readLong());
                default -> throw new SerializationException("fleet news of an unknown kind " + kind);
            };
        } catch (IOException | IllegalArgumentException e) {
            throw new SerializationException("the bytes are no fleet news", e);
        }
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
