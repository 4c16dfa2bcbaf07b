package dev.signalbox.workers.intake;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-2")
@Tag("issue-4")
class LedgerMetadataTest {

    @Test
    void an_empty_set_keeps_the_epoch() {
        LedgerMetadata.Encoded encoded = LedgerMetadata.encode(7, 42, new OffsetRuns());
        assertThat(encoded.text().length()).isLessThan(16);
        assertThat(LedgerMetadata.decode(42, encoded.text()))
                .contains(new LedgerMetadata.Decoded(7, new OffsetRuns()));
    }

    @Test
    void each_form_is_taken_where_it_is_the_shortest_and_decodes_to_what_went_in() {
        OffsetRuns sparse = new OffsetRuns();
        sparse.add(1_000_000, 1_000_001);
        OffsetRuns regular = new OffsetRuns();
        for (int i = 0; i < 5_000; i++) {
            regular.add(1 + i * 50L, 40 + i * 50L);
        }
        assertThat(form(sparse)).isEqualTo(0);
        assertThat(form(regular)).isEqualTo(1);
        assertThat(form(random(new SplittableRandom(1), 4_000, 50))).isEqualTo(2);
        for (OffsetRuns runs : new OffsetRuns[]{sparse, regular, random(new SplittableRandom(1), 4_000, 50)}) {
            LedgerMetadata.Encoded encoded = LedgerMetadata.encode(3, 0, runs);
            assertThat(encoded.whole()).isTrue();
            assertThat(LedgerMetadata.decode(0, encoded.text()).orElseThrow().done()).isEqualTo(runs);
        }
    }

    @Test
    void what_does_not_fit_says_less_than_is_done_and_never_more() {
        OffsetRuns runs = random(new SplittableRandom(5), 200_000, 50);
        LedgerMetadata.Encoded encoded = LedgerMetadata.encode(3, 0, runs);
        assertThat(encoded.whole()).isFalse();
        assertThat(encoded.mustStopAdmitting()).isTrue();
        assertThat(encoded.text().length()).isBetween(3_000, LedgerMetadata.MAX_CHARS);
        LedgerMetadata.Decoded decoded = LedgerMetadata.decode(0, encoded.text()).orElseThrow();
        assertThat(decoded.done().runs()).isPositive();
        decoded.done().forFirst(Integer.MAX_VALUE, (from, to) -> {
            for (long offset = from; offset < to; offset++) {
                assertThat(runs.contains(offset)).isTrue();
            }
        });
    }

    @Test
    void the_guard_stops_at_three_quarters() {
        int stop = 0;
        for (int span = 1_000; span < 40_000; span += 100) {
            LedgerMetadata.Encoded encoded = LedgerMetadata.encode(1, 0, random(new SplittableRandom(2), span, 50));
            assertThat(encoded.mustStopAdmitting()).isEqualTo(encoded.text().length() >= 3_072 || !encoded.whole());
            stop += encoded.mustStopAdmitting() ? 1 : 0;
        }
        assertThat(stop).isPositive();
    }

    @Test
    void text_of_others_and_damaged_text_decode_to_nothing() {
        assertThat(LedgerMetadata.decode(0, "")).isEmpty();
        assertThat(LedgerMetadata.decode(0, "AgAAAZ0xyz==")).isEmpty();
        assertThat(LedgerMetadata.decode(0, "not base64 !")).isEmpty();
        String text = LedgerMetadata.encode(3, 100, random(new SplittableRandom(9), 500, 30)).text();
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < 2_000; i++) {
            char[] chars = text.toCharArray();
            int at = random.nextInt(chars.length - 1);
            chars[at] = chars[at] == 'A' ? 'B' : 'A';
            assertThat(LedgerMetadata.decode(100, new String(chars))).as("changed at %d", at).isEmpty();
            assertThat(LedgerMetadata.decode(100, text.substring(0, at))).as("cut at %d", at).isEmpty();
        }
    }

    @Test
    void a_later_versions_text_decodes_to_nothing_even_with_a_good_checksum() {
        byte[] bytes = Base64.getDecoder().decode(LedgerMetadata.encode(3, 100, new OffsetRuns()).text());
        bytes[1] = (byte) (2 << 4);
        CRC32C crc = new CRC32C();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(100).flip());
        crc.update(bytes, 0, 2);
        crc.update(bytes, 6, bytes.length - 6);
        ByteBuffer.wrap(bytes).putInt(2, (int) crc.getValue());
        assertThat(LedgerMetadata.decode(100, Base64.getEncoder().withoutPadding().encodeToString(bytes))).isEmpty();
        bytes[1] = 1 << 4;
        crc.reset();
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(100).flip());
        crc.update(bytes, 0, 2);
        crc.update(bytes, 6, bytes.length - 6);
        ByteBuffer.wrap(bytes).putInt(2, (int) crc.getValue());
        assertThat(LedgerMetadata.decode(100, Base64.getEncoder().withoutPadding().encodeToString(bytes)))
                .as("the same with this version").isPresent();
    }

    @Test
    void whatever_text_there_is_it_decodes_or_counts_for_nothing() {
        SplittableRandom random = new SplittableRandom(13);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[1 + random.nextInt(64)];
            random.nextBytes(bytes);
            assertThat(LedgerMetadata.decode(random.nextLong(Long.MAX_VALUE),
                    Base64.getEncoder().encodeToString(bytes))).isEmpty();
            assertThat(LedgerMetadata.decode(0, new String(bytes, StandardCharsets.ISO_8859_1))).isEmpty();
        }
        assertThat(LedgerMetadata.decode(0, "A".repeat(LedgerMetadata.MAX_CHARS + 1))).isEmpty();
    }

    @Test
    void metadata_that_was_copied_to_another_offset_does_not_count() {
        String text = LedgerMetadata.encode(3, 100, random(new SplittableRandom(9), 500, 30)).text();
        assertThat(LedgerMetadata.decode(100, text)).isPresent();
        assertThat(LedgerMetadata.decode(101, text)).isEmpty();
    }

    private static int form(OffsetRuns runs) {
        byte[] bytes = Base64.getDecoder().decode(LedgerMetadata.encode(3, 0, runs).text());
        return bytes[1] & 0x0F;
    }

    private static OffsetRuns random(SplittableRandom random, int span, int percentDone) {
        OffsetRuns runs = new OffsetRuns();
        for (long offset = 101; offset < 101 + span; offset++) {
            if (random.nextInt(100) < percentDone) {
                runs.add(offset, offset + 1);
            }
        }
        return runs;
    }
}
