package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-4")
class ClaimSettingsTest {

    @Test
    void withoutAWordThereIsNoStore() {
        assertThat(valid("")).isEqualTo(ClaimSettings.NONE);
    }

    @Test
    void bodiesAboveThreeQuartersOfARecordGoToTheStore() {
        ClaimSettings claims = valid("""
                topics: { max_message_size: 4MB }
                claim_check: { store: a, stores: { a: { folder: /srv/claims } } }
                """);
        assertThat(claims.aboveBytes()).isEqualTo(3 << 20);
        assertThat(claims.stores()).containsEntry("a", new ClaimSettings.Store.Folder(Path.of("/srv/claims")));
    }

    @Test
    void everyFaultIsTold() {
        ReadResult result = Samples.read(Path.of("x.yaml"), Samples.SMALLEST + """
                topics: { max_message_size: 1MB }
                claim_check:
                  store: shred
                  above: 1MB
                  stores:
                    shared: { folder: /srv, bucket: a-bucket }
                    keyed: { bucket: a-bucket, access_key: "${env:HOME}" }
                    none: {}
                    path: { bucket: "../x" }
                """);
        List<String> told = ((ReadResult.Invalid) result).problems().stream().map(Problem::toString).toList();
        assertThat(told).anyMatch(line -> line.contains("no store \"shred\"") && line.contains("shared"))
                .anyMatch(line -> line.contains("fit nowhere"))
                .anyMatch(line -> line.contains("\"shared\" needs one of"))
                .anyMatch(line -> line.contains("\"keyed\" has one of"))
                .anyMatch(line -> line.contains("\"none\" needs one of"))
                .anyMatch(line -> line.contains("bucket"));
    }

    private static ClaimSettings valid(String more) {
        ReadResult result = Samples.read(Path.of("x.yaml"), Samples.SMALLEST + more);
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        return ((ReadResult.Valid) result).configuration().claims();
    }
}
