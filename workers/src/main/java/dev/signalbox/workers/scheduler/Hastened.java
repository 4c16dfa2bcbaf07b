package dev.signalbox.workers.scheduler;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Waiting requests that have something to say beside their turn, in the order in which that was heard. Each is there once;
 * those that wait no more when their turn comes are passed over. Bound: the requests that wait.
 */
final class Hastened {
    private final Deque<Waiting> requests = new ArrayDeque<>();

    /** Whether it was not there already. */
    boolean add(Waiting request) {
        boolean isNew = !request.hastened;
        if (isNew) {
            request.hastened = true;
            requests.add(request);
        }
        return isNew;
    }

    /** Takes the next one that still waits. */
    @Nullable
    Waiting next() {
        for (Waiting next = requests.poll(); next != null; next = requests.poll()) {
            next.hastened = false;
            if (next.queue != null) {
                return next;
            }
        }
        return null;
    }
}
