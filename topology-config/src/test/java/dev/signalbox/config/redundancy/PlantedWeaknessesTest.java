package dev.signalbox.config.redundancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ReadResult;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Bar 6 of issue 3: ten planted weaknesses are all found, nothing else is, and each comes with its cure. */
@Tag("issue-3")
class PlantedWeaknessesTest {
    private record Planted(Weakness weakness, String path, String place, String cure) {
    }

    private static final List<Planted> PLANTED = List.of(
            new Planted(Weakness.SINGLE_DEPLOYMENT, "routes.lonely.prod.chat", "one.a/lonely",
                    "fallback_models"),
            new Planted(Weakness.SINGLE_VENDOR, "routes.monopoly.prod.chat", "vendor openai", "fallback_models"),
            new Planted(Weakness.SINGLE_REGION, "routes.regional.prod.chat", "us-east-1", "fallback_models"),
            new Planted(Weakness.SINGLE_CREDENTIAL, "routes.keyed.prod.chat", "${env:K1}",
                    "credentials: [\"${env:K1}\", \"${env:ANOTHER_KEY}\"]"),
            new Planted(Weakness.SHARED_UPSTREAM, "routes.hidden.prod.chat", "gateway proxy", "fallback_models"),
            new Planted(Weakness.SHARED_DOMAIN, "routes.domain.prod.chat", "aws.us-east-1", "fallback_models"),
            new Planted(Weakness.FALLBACK_IN_SAME_DOMAIN, "routes.first.prod.chat", "second", "fallback_models"),
            new Planted(Weakness.CAPACITY_SHORT, "routes.lopsided.prod.chat", "10%", "raise limits"),
            new Planted(Weakness.POOL_WITHOUT_OWN_CAPACITY, "pools.starved", "one.a/reporting",
                    "pools: { serving: 50%, starved: 50% }"),
            new Planted(Weakness.UNISOLATED_POOLS, "deployments.\"one.a/shared\"", "serving and rest",
                    "pools: { serving: 50%, rest: 50% }"));

    @Test
    void ten_planted_weaknesses_are_all_found_and_nothing_else() {
        List<RedundancyFinding> findings = Samples.assess(Samples.text("planted.yaml")).findings();
        assertThat(findings).extracting(finding -> finding.weakness() + " " + finding.spokenPath())
                .containsExactlyInAnyOrderElementsOf(
                        PLANTED.stream().map(planted -> planted.weakness + " " + planted.path).toList());
    }

    @Test
    void each_has_its_message_and_its_cure() {
        List<RedundancyFinding> findings = Samples.assess(Samples.text("planted.yaml")).findings();
        for (Planted planted : PLANTED) {
            assertThat(findings).filteredOn(finding -> finding.spokenPath().equals(planted.path)).singleElement()
                    .satisfies(finding -> {
                        assertThat(finding.message()).contains(planted.place);
                        assertThat(finding.cure()).contains(planted.cure);
                    });
        }
    }

    @Test
    void each_is_told_where_it_stands_in_the_file() {
        ReadResult.Valid read = Samples.read(Samples.text("planted.yaml"));
        List<String> lines = Samples.text("planted.yaml").lines().toList();
        for (RedundancyFinding finding : Redundancy.assess(read.configuration()).findings()) {
            String place = read.places().of(finding.path());
            int line = Integer.parseInt(place.split(":", -1)[1]);
            assertThat(lines.get(line - 1)).as(place).contains(finding.path().getLast());
        }
    }

    @Test
    void a_clean_configuration_has_no_finding() {
        assertThat(Samples.assess(Samples.text("clean.yaml")).findings()).isEmpty();
    }

    /** Applying the cure is enough: without any one weakness the other nine are left. */
    @Test
    void a_cure_that_is_applied_takes_its_finding_away() {
        String planted = Samples.text("planted.yaml");
        List<String> before = Samples.found(planted);
        List<String> after = Samples.found(planted
                .replace("one.a/keyed: { vendor: one, model_id: m, credential: \"${env:K1}\"",
                        "one.a/keyed: { vendor: one, model_id: m, credentials: [\"${env:K1}\", \"${env:K3}\"]")
                .replace("one.a/shared: { vendor: one, model_id: m, credential: \"${env:K1}\" }",
                        "one.a/shared: { vendor: one, model_id: m, pools: { serving: 50%, rest: 50% } }")
                .replace("limits: { concurrency: 10 }", "limits: { concurrency: 90 }"));
        assertThat(before).hasSize(10);
        assertThat(after).hasSize(7).isSubsetOf(before);
    }
}
