package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Blame;
import dev.signalbox.workers.vendor.FailureClass;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Dispatcher and workers must not blame differently; neither may know the other, so the two tables meet here. */
@Tag("issue-2")
class BlameAgreementTest {
    @ParameterizedTest
    @EnumSource
    void theDispatcherBlamesWhomTheWorkersBlame(FailureClass failure) {
        assertThat(Blame.of(failure.name()).name()).isEqualTo(failure.blame().name());
    }
}
