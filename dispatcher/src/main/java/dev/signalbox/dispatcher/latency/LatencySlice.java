package dev.signalbox.dispatcher.latency;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.OptionalLong;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The times of one deployment's calls that ended within one slice of time. Immutable, and slices add up. */
record LatencySlice(Histogram timeToFirstToken, Histogram timePerOutputToken, Histogram total) {
    static final LatencySlice EMPTY = new LatencySlice(Histogram.EMPTY, Histogram.EMPTY, Histogram.EMPTY);
    private static final byte VERSION = 1;

    LatencySlice plus(LatencySample sample) {
        return new LatencySlice(plus(timeToFirstToken, sample.timeToFirstToken()),
                plus(timePerOutputToken, sample.timePerOutputToken()), plus(total, sample.total()));
    }

    LatencySlice plus(LatencySlice other) {
        return new LatencySlice(timeToFirstToken.plus(other.timeToFirstToken),
                timePerOutputToken.plus(other.timePerOutputToken), total.plus(other.total));
    }

    private static Histogram plus(Histogram histogram, OptionalLong micros) {
        return micros.isPresent() ? histogram.plus(micros.getAsLong()) : histogram;
    }

    /** A version byte, then for each histogram its first bucket, the number of buckets and their counts as varints. */
    static Serde<LatencySlice> serde() {
        return Serdes.serdeFrom((topic, slice) -> slice.toBytes(), (topic, bytes) -> of(bytes));
    }

    byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            timeToFirstToken.write(out);
            timePerOutputToken.write(out);
            total.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    static LatencySlice of(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION) {
                throw new SerializationException("a latency slice of version " + version
                        + ", which a later dispatcher wrote; this one reads " + VERSION);
            }
            return new LatencySlice(Histogram.read(in), Histogram.read(in), Histogram.read(in));
        } catch (IOException e) {
            throw new SerializationException("the bytes are not a latency slice", e);
        }
    }
}
