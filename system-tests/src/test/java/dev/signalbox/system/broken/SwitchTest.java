package dev.signalbox.system.broken;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What would end a break test silently is seen in every build. */
@Tag("issue-2")
class SwitchTest {

    @Test
    void everyMechanismIsStillWhereItsSwitchLooksForIt() throws Exception {
        for (Break each : Breaks.ALL) {
            try (BrokenWorld world = new BrokenWorld(each.off())) {
                for (Switch off : each.off()) {
                    assertThat(Class.forName(off.type(), false, world).getClassLoader()).as(each.toString())
                            .isSameAs(world);
                }
                Class.forName(each.check().testClass(), false, world);
            }
        }
    }

    @Test
    void aMechanismThatIsGoneIsToldSo() throws Exception {
        Switch gone = Switch.answers("dev.signalbox.schemas.Lane", "noSuchMethod", true);
        try (BrokenWorld world = new BrokenWorld(List.of(gone))) {
            assertThatThrownBy(() -> Class.forName(gone.type(), false, world))
                    .isInstanceOf(IllegalStateException.class).hasMessageContaining("noSuchMethod");
        }
    }
}
