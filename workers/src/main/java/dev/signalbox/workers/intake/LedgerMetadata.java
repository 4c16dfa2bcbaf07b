package dev.signalbox.workers.intake;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The text that is committed beside an offset: the epoch, and what is done above the offset. Base64 without padding of
 * <pre>
 * magic 0x5B | version (high 4 bits), form (low 4 bits) | CRC32C, 4 bytes | epoch, varint | suspicion | done set
 * </pre>
 * Version 1 has no {@link Suspicion}; version 2 has it as varints: bits (1: released, 2: on trial; above them the
 * suspect's age), deaths, strikes, the range's first offset above the committed one, its length. Version 1 is written wherever there is nothing to say.
 * Forms of the done set, of which the shortest is taken: {@code RUNS} alternates varint lengths of what is not done and
 * what is, beginning at the committed offset; {@code DEFLATED_RUNS} the same deflated; {@code BITSET} a bit for each offset
 * after the committed one, lowest bit first. The checksum covers the committed offset as well: metadata that a tool copied
 * to another offset (mirroring, a reset) would skip records that nobody served, so it does not count.
 *
 * <p>Text that is not ours (Kafka Streams writes its own) decodes to nothing.
 */
final class LedgerMetadata {
    /** What brokers accept by default ({@code offset.metadata.max.bytes}). */
    static final int MAX_CHARS = 4_096;
    /** Above this share of {@link #MAX_CHARS} a partition takes no more records. */
    static final double GUARD = 0.75;

    private static final byte MAGIC = 0x5B;
    private static final int VERSION = 1;
    private static final int SUSPICIOUS = 2;
    private static final int RUNS = 0;
    private static final int DEFLATED_RUNS = 1;
    private static final int BITSET = 2;
    private static final int RELEASED = 1;
    private static final int ON_TRIAL = 2;
    private static final int AGE_SHIFT = 2;
    private static final int HEADER_BYTES = 6;
    /** Below it a deflater's start costs more than the bytes that it could save. */
    private static final int WORTH_DEFLATING_BYTES = 64;
    private static final int MAX_BYTES = MAX_CHARS / 4 * 3;
    private static final int MAX_INFLATED_BYTES = 1 << 20;

    /**
     * @param text at most {@link #MAX_CHARS} characters
     * @param whole false if it was too long, so that it says less than is done: some would be served again, none lost
     */
    record Encoded(String text, boolean whole) {
        /** Part of the space in use, 0 to 1. */
        double fill() {
            return whole ? (double) text.length() / MAX_CHARS : 1;
        }

        boolean mustStopAdmitting() {
            return fill() >= GUARD;
        }
    }

    /** @param done what is done above the committed offset */
    record Decoded(int epoch, OffsetRuns done, Suspicion suspicion) {
        Decoded(int epoch, OffsetRuns done) {
            this(epoch, done, Suspicion.NONE);
        }
    }

    private LedgerMetadata() {
    }

    static Encoded encode(int epoch, long committed, OffsetRuns done) {
        return encode(epoch, committed, done, Suspicion.NONE);
    }

    static Encoded encode(int epoch, long committed, OffsetRuns done, Suspicion suspicion) {
        int runs = done.runs();
        byte[] head = head(epoch, committed, suspicion.above(committed));
        int version = suspicion.equals(Suspicion.NONE) ? VERSION : SUSPICIOUS;
        byte[] bytes = pack(version, head, committed, done, runs);
        boolean whole = bytes.length <= MAX_BYTES;
        while (bytes.length > MAX_BYTES) {
            runs = Math.min(runs - 1, (int) ((long) runs * MAX_BYTES / bytes.length));
            bytes = pack(version, head, committed, done, runs);
        }
        return new Encoded(Base64.getEncoder().withoutPadding().encodeToString(bytes), whole);
    }

    /**
     * @param committed the offset that it was committed with
     * @return empty if it is not ours, is damaged, or belongs to another offset
     */
    static Optional<Decoded> decode(long committed, String text) {
        if (text.isEmpty() || text.length() > MAX_CHARS) {
            return Optional.empty();
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            int version = bytes.length <= HEADER_BYTES ? 0 : (bytes[1] & 0xF0) >> 4;
            if ((version != VERSION && version != SUSPICIOUS) || bytes[0] != MAGIC
                    || ByteBuffer.wrap(bytes).getInt(2) != checksum(committed, bytes)) {
                return Optional.empty();
            }
            Varints in = new Varints(bytes, HEADER_BYTES, bytes.length);
            int epoch = Math.toIntExact(in.read());
            Suspicion suspicion = version == VERSION ? Suspicion.NONE : readSuspicion(committed, in);
            OffsetRuns done = switch (bytes[1] & 0x0F) {
                case RUNS -> readRuns(committed, in);
                case DEFLATED_RUNS -> readRuns(committed, inflate(bytes, in.at()));
                case BITSET -> readBits(committed, bytes, in.at());
                default -> throw new IllegalArgumentException("unknown form");
            };
            return Optional.of(new Decoded(epoch, done, suspicion));
        } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException | DataFormatException e) {
            return Optional.empty();
        }
    }

    private static byte[] head(int epoch, long committed, Suspicion suspicion) {
        Varints head = new Varints();
        head.write(epoch);
        if (!suspicion.equals(Suspicion.NONE)) {
            head.write((suspicion.released() ? RELEASED : 0) | (suspicion.onTrial() ? ON_TRIAL : 0)
                    | suspicion.age() << AGE_SHIFT);
            head.write(suspicion.deaths());
            head.write(suspicion.strikes());
            head.write(suspicion.hasRange() ? suspicion.from() - committed : 0);
            head.write(suspicion.to() - suspicion.from());
        }
        return head.written();
    }

    private static Suspicion readSuspicion(long committed, Varints in) {
        long bits = in.read();
        int deaths = Math.toIntExact(in.read());
        int strikes = Math.toIntExact(in.read());
        long from = Math.addExact(committed, in.read());
        return new Suspicion((bits & RELEASED) != 0, deaths, strikes, (bits & ON_TRIAL) != 0,
                (int) Math.min(PartitionTrial.MOST_DOUBLINGS, bits >>> AGE_SHIFT), from,
                Math.addExact(from, in.read()));
    }

    private static byte[] pack(int version, byte[] head, long committed, OffsetRuns done, int limit) {
        Varints runs = new Varints();
        long[] at = {committed};
        done.forFirst(limit, (from, to) -> {
            runs.write(from - at[0]);
            runs.write(to - from);
            at[0] = to;
        });
        byte[] plain = runs.written();
        int form = RUNS;
        byte[] body = plain;
        if (plain.length >= WORTH_DEFLATING_BYTES) {
            byte[] deflated = deflate(plain);
            if (deflated.length < body.length) {
                form = DEFLATED_RUNS;
                body = deflated;
            }
        }
        long bitsetBytes = limit == 0 ? 0 : (at[0] - committed - 1 + 7) / 8;
        if (bitsetBytes < body.length) {
            form = BITSET;
            body = bits(committed, done, limit, (int) bitsetBytes);
        }
        byte[] bytes = ByteBuffer.allocate(HEADER_BYTES + head.length + body.length).put(MAGIC)
                .put((byte) (version << 4 | form)).putInt(0).put(head).put(body).array();
        ByteBuffer.wrap(bytes).putInt(2, checksum(committed, bytes));
        return bytes;
    }

    private static int checksum(long committed, byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(committed).flip());
        crc.update(bytes, 0, 2);
        crc.update(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES);
        return (int) crc.getValue();
    }

    private static OffsetRuns readRuns(long committed, Varints in) {
        OffsetRuns done = new OffsetRuns();
        long at = committed;
        while (in.hasMore()) {
            long from = Math.addExact(at, in.read());
            long to = Math.addExact(from, in.read());
            if (from <= at || to <= from) {
                throw new IllegalArgumentException("empty run");
            }
            done.add(from, to);
            at = to;
        }
        return done;
    }

    private static OffsetRuns readBits(long committed, byte[] bytes, int from) {
        OffsetRuns done = new OffsetRuns();
        for (int i = 0; i < (bytes.length - from) * 8; i++) {
            if ((bytes[from + i / 8] >> i % 8 & 1) != 0) {
                done.add(committed + 1 + i, committed + 2 + i);
            }
        }
        return done;
    }

    private static byte[] bits(long committed, OffsetRuns done, int limit, int length) {
        byte[] bits = new byte[length];
        done.forFirst(limit, (from, to) -> {
            for (long offset = from; offset < to; offset++) {
                int i = (int) (offset - committed - 1);
                bits[i / 8] |= (byte) (1 << i % 8);
            }
        });
        return bits;
    }

    private static byte[] deflate(byte[] plain) {
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        try {
            deflater.setInput(plain);
            deflater.finish();
            ByteArrayOutputStream out = new ByteArrayOutputStream(plain.length / 2 + 16);
            byte[] buffer = new byte[4_096];
            while (!deflater.finished()) {
                out.write(buffer, 0, deflater.deflate(buffer));
            }
            return out.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private static Varints inflate(byte[] bytes, int from) throws DataFormatException {
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(bytes, from, bytes.length - from);
            byte[] plain = new byte[16_384];
            int length = 0;
            while (!inflater.finished()) {
                if (length == plain.length) {
                    plain = Arrays.copyOf(plain, plain.length * 2);
                }
                int read = inflater.inflate(plain, length, plain.length - length);
                length += read;
                if ((read == 0 && !inflater.finished()) || length > MAX_INFLATED_BYTES) {
                    throw new DataFormatException("cut short or too long");
                }
            }
            return new Varints(plain, 0, length);
        } finally {
            inflater.end();
        }
    }
}
