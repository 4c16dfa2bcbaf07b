package dev.signalbox.workers.scheduler;

import java.util.OptionalLong;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A lane's requests that wait for some of their deployments only, by when they will take the others too. Their way is that
 * of what they wait for; who has less patience passes them by. Bound: the requests that wait. Monotonic ns.
 */
final class Patience {
    private final TreeSet<Waiting> requests = new TreeSet<>(Waiting.BY_PATIENCE);

    /** It waits on a way, and is patient until then. */
    void begins(Waiting request, long untilNanos) {
        ends(request);
        request.patientUntilNanos = untilNanos;
        request.patient = requests.add(request);
    }

    /** It waits no more, or on another way. */
    void ends(Waiting request) {
        if (request.patient) {
            requests.remove(request);
            request.patient = false;
        }
    }

    /** Takes one whose patience is over, to go on waiting on its own way; null if there is none. */
    @Nullable
    Waiting over(long nowNanos) {
        if (requests.isEmpty() || requests.first().patientUntilNanos - nowNanos > 0) {
            return null;
        }
        Waiting first = requests.removeFirst();
        first.patient = false;
        return first;
    }

    /** When the first one's is over; empty if none is patient. */
    OptionalLong nextNanos() {
        return requests.isEmpty() ? OptionalLong.empty() : OptionalLong.of(requests.first().patientUntilNanos);
    }
}
