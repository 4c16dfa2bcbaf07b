package dev.signalbox.dispatcher.redundancy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/**
 * The demand of one route and pool in one hour: the highest minute of each sum, and the minutes that may still grow. Immutable.
 *
 * @param peak of the minutes that are over
 * @param open sums of the latest {@link #OPEN_MINUTES} minutes, by minute since 1970
 */
record DemandHour(DemandSums peak, TreeMap<Long, DemandSums> open) {
    static final DemandHour EMPTY = new DemandHour(DemandSums.NONE, new TreeMap<>());
    /** What comes later than that is left out: sums of one minute are told within seconds. */
    static final int OPEN_MINUTES = 5;
    private static final byte VERSION = 1;

    /** With more of that minute. */
    DemandHour plus(long minute, DemandSums sums) {
        long latest = open.isEmpty() ? minute : Math.max(open.lastKey(), minute);
        if (minute <= latest - OPEN_MINUTES) {
            return this;
        }
        TreeMap<Long, DemandSums> minutes = new TreeMap<>(open);
        minutes.merge(minute, sums, DemandSums::plus);
        DemandSums highest = peak;
        while (minutes.firstKey() <= latest - OPEN_MINUTES) {
            highest = highest.max(minutes.pollFirstEntry().getValue());
        }
        return new DemandHour(highest, minutes);
    }

    /** Each sum's highest minute. */
    DemandSums highest() {
        return open.values().stream().reduce(peak, DemandSums::max);
    }

    /** A version byte, the peak, the number of open minutes, each with its sums. */
    static Serde<DemandHour> serde() {
        return Serdes.serdeFrom((topic, hour) -> hour.toBytes(), (topic, bytes) -> of(bytes));
    }

    private byte[] toBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            FleetNewsSerde.write(out, peak);
            out.writeShort(open.size());
            for (Map.Entry<Long, DemandSums> minute : open.entrySet()) {
                out.writeLong(minute.getKey());
                FleetNewsSerde.write(out, minute.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("writing an array", e);
        }
        return bytes.toByteArray();
    }

    private static DemandHour of(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            byte version = in.readByte();
            if (version != VERSION) {
                throw new SerializationException("an hour of demand of version " + version
                        + ", which a later dispatcher wrote; this one reads " + VERSION);
            }
            DemandSums peak = FleetNewsSerde.sums(in);
            TreeMap<Long, DemandSums> open = new TreeMap<>();
            for (int i = in.readUnsignedShort(); i > 0; i--) {
                open.put(in.readLong(), FleetNewsSerde.sums(in));
            }
            return new DemandHour(peak, open);
        } catch (IOException e) {
            throw new SerializationException("the bytes are not an hour of demand", e);
        }
    }
}
