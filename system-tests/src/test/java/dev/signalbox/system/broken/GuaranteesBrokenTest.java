package dev.signalbox.system.broken;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * {@code mvn verify -Pbreak}: prints, for each mechanism, the test that turns red without it; with
 * {@code -Dbreak.test=MidStream,Visits} only for those that such tests show.
 */
@Tag("break")
class GuaranteesBrokenTest {
    private final Map<Check, Check.Result> whole = new HashMap<>();

    @TestFactory
    Stream<DynamicTest> withoutItsMechanismAGuaranteesTestIsRed() {
        List<String> only = List.of(System.getProperty("break.test", "").split(","));
        return Breaks.ALL.stream().filter(each -> only.stream().anyMatch(each.check().testClass()::contains))
                .map(each -> DynamicTest.dynamicTest(each.toString(), () -> turnsRed(each)));
    }

    private void turnsRed(Break each) throws Exception {
        Check.Result with = whole.get(each.check());
        if (with == null) {
            with = each.check().run(List.of(), Check.UNHURRIED);
            whole.put(each.check(), with);
        }
        assertThat(with.red()).as("red with the mechanism on").isEmpty();
        Assumptions.assumeTrue(with.green() > 0, () -> each + ": its tests skip themselves here");
        Check.Result without = each.check().run(each.off(), with.limit());
        assertThat(without.red()).as("red without the mechanism").isNotEmpty();
        System.out.printf("%s → %s%s%n", each, without.red().getFirst(),
                without.red().size() == 1 ? "" : " (and " + (without.red().size() - 1) + " more)");
    }
}
