package dev.signalbox.dispatcher.redundancy;

import dev.signalbox.dispatcher.alerts.Trouble;
import dev.signalbox.schemas.avro.RouteStanding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What was found of the whole fleet. */
public sealed interface Judged {
    /** What a route has left; its key is the record's. Null: the configuration has no such route any more. */
    record Route(@Nullable RouteStanding standing) implements Judged {
    }

    /** All trouble there is. */
    record Troubled(List<Trouble> all) implements Judged {
        public Troubled {
            all = List.copyOf(all);
        }
    }

    /** The standing of a {@link Route}. */
    static @Nullable RouteStanding standing(Judged judged) {
        return judged instanceof Route route ? route.standing : null;
    }

    /** The trouble of a {@link Troubled}. */
    static List<Trouble> trouble(Judged judged) {
        return judged instanceof Troubled troubled ? troubled.all : List.of();
    }
}
