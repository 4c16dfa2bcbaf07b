package dev.signalbox.workers.vendor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.CallTimeouts;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.Secret;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class CredentialRotationTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Secret A = new Secret("${env:A}", "a");
    private static final Secret B = new Secret("${env:B}", "b");
    private static final Secret C = new Secret("${env:C}", "c");

    private final CredentialRotation rotation = new CredentialRotation();

    @Test
    void allAreUsedInTurn() {
        assertThat(next(6, 0)).containsExactly(A, B, C, A, B, C);
    }

    @Test
    void oneThatTheVendorRefusesRestsForAMinute() {
        rotation.failed(B, FailureClass.AUTH, 0);
        assertThat(next(4, SECOND)).containsOnly(A, C);
        assertThat(next(3, 61 * SECOND)).contains(B);
    }

    @Test
    void aFailureOfTheEndpointIsNotTheCredentials() {
        rotation.failed(B, FailureClass.OVERLOADED, 0);
        rotation.failed(B, FailureClass.RATE_LIMIT, 0);
        assertThat(next(3, 0)).containsExactly(A, B, C);
    }

    @Test
    void ifAllRestTheyAreUsedAllTheSameAndAnAnswerWakesOne() {
        List.of(A, B, C).forEach(secret -> rotation.failed(secret, FailureClass.QUOTA_EXHAUSTED, 0));
        assertThat(next(3, SECOND)).containsExactlyInAnyOrder(A, B, C);
        rotation.answered(C);
        assertThat(next(3, SECOND)).containsOnly(C);
    }

    @Test
    void aDeploymentWithoutCredentialsHasNone() {
        assertThat(rotation.next(deployment(List.of()), 0)).isEmpty();
    }

    private List<Secret> next(int times, long nowNanos) {
        List<Secret> used = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            used.add(rotation.next(deployment(List.of(A, B, C)), nowNanos).orElseThrow());
        }
        return used;
    }

    private static Deployment deployment(List<Secret> credentials) {
        Deployment one = Deployments.openAi(URI.create("http://localhost"), CallTimeouts.DEFAULT, true);
        return Deployments.with(one, one.vendor(), credentials);
    }
}
