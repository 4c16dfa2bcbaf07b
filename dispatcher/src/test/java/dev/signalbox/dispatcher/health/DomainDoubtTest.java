package dev.signalbox.dispatcher.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.avro.DeploymentHealth;
import dev.signalbox.schemas.avro.DeploymentState;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is out in a failure domain makes the others of it doubtful, and nobody else. */
@Tag("issue-5")
class DomainDoubtTest {
    private static final String YAML = """
            environment: test
            pools: { main: { use_cases: [otherwise] } }
            deployments:
              openai.a/m: { vendor: openai, model_id: m, credential: "${env:ONE}" }
              openai.b/m: { vendor: openai, model_id: m, credential: "${env:ONE}" }
              openai.c/m: { vendor: openai, model_id: m, credential: "${env:TWO}" }
              openai.d/m: { vendor: openai, model_id: m, credential: "${env:ONE}" }
              anthropic.a/m: { vendor: anthropic, model_id: m }
            routes: { m: { test: { otherwise: { sequence: [openai.a, openai.b, openai.c, openai.d, anthropic.a] } } } }
            """;
    private static final long NOW = 1_700_000_000_000L;

    private Configuration configuration = configuration(YAML);
    private final DomainDoubt doubt = new DomainDoubt(() -> configuration);

    private static Configuration configuration(String yaml) {
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of("value of " + name))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private void told(String name, DeploymentState state, @Nullable String blame, long asOf) {
        doubt.told(DeploymentName.parse(name), DeploymentHealth.newBuilder().setDeployment(name).setState(state)
                .setSinceMillis(asOf).setAsOfMillis(asOf).setVersion(2).setReason("as the test says").setBlame(blame)
                .setWindowSeconds(60).setAnswered(1).setFailed(1).build());
    }

    private Set<String> doubted() {
        Set<String> names = new TreeSet<>();
        configuration.deployments().keySet().stream().map(DeploymentName::toString).filter(doubt).forEach(names::add);
        return names;
    }

    @Test
    void oneThatIsOutSaysNothingOfTheOthersTwoDo() {
        told("openai.a/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        assertThat(doubted()).isEmpty();

        told("openai.b/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        assertThat(doubted()).containsExactly("openai.c/m", "openai.d/m");

        told("openai.a/m", DeploymentState.HEALTHY, null, NOW + 1);
        assertThat(doubted()).isEmpty();
    }

    @Test
    void aCredentialsFaultCountsForThoseThatHaveTheSameOneAndAModelsForNobody() {
        told("openai.a/m", DeploymentState.EJECTED, "CREDENTIAL", NOW);
        told("openai.b/m", DeploymentState.EJECTED, "CREDENTIAL", NOW);
        assertThat(doubted()).containsExactly("openai.d/m");

        told("openai.a/m", DeploymentState.PROBING, null, NOW + 1);
        assertThat(doubted()).as("tried again, and still out for that").containsExactly("openai.d/m");

        told("openai.a/m", DeploymentState.EJECTED, "MODEL", NOW + 2);
        told("openai.b/m", DeploymentState.EJECTED, "MODEL", NOW + 2);
        assertThat(doubted()).isEmpty();
    }

    @Test
    void asManyThatAreWellLiftTheDoubtUnlessNobodyCalledThemLately() {
        told("openai.a/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        told("openai.b/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        told("openai.c/m", DeploymentState.HEALTHY, null, NOW);
        assertThat(doubted()).containsExactly("openai.c/m", "openai.d/m");
        told("openai.d/m", DeploymentState.HEALTHY, null, NOW);
        assertThat(doubted()).isEmpty();

        told("openai.a/m", DeploymentState.EJECTED, "ENDPOINT", NOW + 60_001);
        told("openai.b/m", DeploymentState.EJECTED, "ENDPOINT", NOW + 60_001);
        assertThat(doubted()).containsExactly("openai.c/m", "openai.d/m");
    }

    @Test
    void whatIsForgottenOrOfAnotherConfigurationCountsNoMore() {
        told("openai.a/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        told("openai.b/m", DeploymentState.EJECTED, "ENDPOINT", NOW);
        configuration = configuration(
                YAML.replace("openai.c/m: { vendor: openai,", "openai.c/m: { vendor: anthropic,"));
        assertThat(doubted()).as("until it was judged by the new one").isEmpty();

        told("openai.b/m", DeploymentState.EJECTED, "ENDPOINT", NOW + 1);
        assertThat(doubted()).contains("openai.d/m");
        doubt.told(DeploymentName.parse("openai.b/m"), null);
        assertThat(doubted()).isEmpty();
    }
}
