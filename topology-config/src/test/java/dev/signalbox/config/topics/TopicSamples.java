package dev.signalbox.config.topics;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import java.util.Optional;

/** Configurations whose topics are looked at. */
final class TopicSamples {
    private TopicSamples() {
    }

    /** @param topics the settings under {@code topics}, in one line */
    static Configuration configuration(String topics) {
        ReadResult result = ConfigurationReader.read("topics.yaml", """
                pools:
                  high: { use_cases: [chat], priorities: [interactive] }
                  low: { use_cases: [otherwise], priorities: [batch, standard] }
                deployments:
                  openai.direct/gpt: { vendor: openai, model_id: gpt }
                routes:
                  gpt: { prod: { otherwise: { sequence: [openai.direct] } } }
                topics: { %s }
                """.formatted(topics), name -> Optional.empty());
        return switch (result) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }
}
