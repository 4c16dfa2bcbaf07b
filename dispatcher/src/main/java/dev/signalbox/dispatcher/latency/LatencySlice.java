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
record LatencySlice(Histogram timeToFirstToken, Histogram timePerOutputToken, Histogram total,
        SizedTimes timeToFirstTokenByInput, SizedTimes totalByOutput) {
    static final LatencySlice EMPTY = new LatencySlice(Histogram.EMPTY, Histogram.EMPTY, Histogram.EMPTY,
            SizedTimes.EMPTY, SizedTimes.EMPTY);
    private static final byte VERSION = 2;
    /** Without sizes. */
    private static final byte FIRST_VERSION = 1;

    LatencySlice plus(LatencySample sample) {
        return new LatencySlice(plus(timeToFirstToken, sample.timeToFirstToken()),
                plus(timePerOutputToken, sample.timePerOutputToken()), plus(total, sample.total()),
                plus(timeToFirstTokenByInput, sample.inputTokens(), sample.timeToFirstToken()),
                plus(totalByOutput, sample.outputTokens(), sample.total()));
    }

    LatencySlice plus(LatencySlice other) {
        return new LatencySlice(timeToFirstToken.plus(other.timeToFirstToken),
                timePerOutputToken.plus(other.timePerOutputToken), total.plus(other.total),
                timeToFirstTokenByInput.plus(other.timeToFirstTokenByInput), totalByOutput.plus(other.totalByOutput));
    }

    private static SizedTimes plus(SizedTimes times, OptionalLong tokens, OptionalLong micros) {
        return tokens.isPresent() && micros.isPresent() ? times.plus(tokens.getAsLong(), micros.getAsLong()) : times;
    }

    private static Histogram plus(Histogram histogram, OptionalLong micros) {
        return micros.isPresent() ? histogram.plus(micros.getAsLong()) : histogram;
    }

    /** A version byte, then for each histogram, of each size after those of all, its first bucket, the number of buckets and their counts as varints. */
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
            timeToFirstTokenByInput.write(out);
            totalByOutput.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    static LatencySlice of(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION && version != FIRST_VERSION) {
                throw new SerializationException("a latency slice of version " + version
                        + ", which a later dispatcher wrote; this one reads " + VERSION);
            }
            Histogram first = Histogram.read(in);
            Histogram perToken = Histogram.read(in);
            Histogram total = Histogram.read(in);
            return version == FIRST_VERSION
                    ? new LatencySlice(first, perToken, total, SizedTimes.EMPTY, SizedTimes.EMPTY)
                    : new LatencySlice(first, perToken, total, SizedTimes.read(in), SizedTimes.read(in));
        } catch (IOException e) {
            throw new SerializationException("the bytes are not a latency slice", e);
        }
    }
}
