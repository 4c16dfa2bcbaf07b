package dev.signalbox.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.avro.BodyFormat;
import org.apache.avro.util.ClassSecurityValidator;
import org.junit.jupiter.api.Test;

class AvroTrustTest {
    @Test
    void buildersWorkWithoutAnyCallBeforeThem() {
        assertThat(SampleRecords.request("r").getBodyFormat()).isEqualTo(BodyFormat.OPENAI_CHAT_COMPLETIONS);
    }

    @Test
    void onlyTheGeneratedPackageIsAddedToWhatIsTrusted() {
        AvroTrust.install();
        assertThat(ClassSecurityValidator.getGlobal().isTrusted(BodyFormat.class)).isTrue();
        assertThat(ClassSecurityValidator.getGlobal().isTrusted(String.class)).isTrue();
        assertThat(ClassSecurityValidator.getGlobal().isTrusted(Lane.class)).isFalse();
        assertThat(ClassSecurityValidator.getGlobal().isTrusted(ProcessBuilder.class)).isFalse();
    }
}
