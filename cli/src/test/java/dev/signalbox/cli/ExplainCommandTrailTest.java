package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class ExplainCommandTrailTest {
    @Test
    void whoClaimedATurnToProbeAndDidNotGetItMadeNoCall() {
        ExplainCommandTrail trail = new ExplainCommandTrail("r-1", new Whereabouts.Found.Nothing(0, true),
                List.of(event("CLAIMED", "sick.eu/m"), event("STARTED", "well.eu/m")), List.of());

        assertThat(trail.attempts()).extracting(event -> event.path("deployment").asText())
                .containsExactly("well.eu/m");
    }

    private static JsonNode event(String phase, String deployment) {
        ObjectNode event = new ObjectMapper().createObjectNode();
        return event.put("requestId", "r-1").put("phase", phase).put("deployment", deployment);
    }
}
