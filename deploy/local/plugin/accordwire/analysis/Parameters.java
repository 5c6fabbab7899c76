package accordwire.analysis;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

import org.elasticsearch.common.settings.Settings;

/** The parameters of one filter or tokenizer; a name that Elasticsearch would not read here is refused. */
record Parameters(String type, String name, Settings settings) {

    /** Elasticsearch hands these to every component beside the parameters proper. */
    private static final List<String> ALWAYS = List.of("type", "version");

    static Parameters of(String type, String name, Settings settings, String... known) {
        var unknown = new TreeSet<String>();
        for (String key : settings.keySet()) {
            String base = key.replaceFirst("\\.\\d+$", "");
            if (!base.startsWith("index.") && !ALWAYS.contains(base) && !Arrays.asList(known).contains(base)) {
                unknown.add(base);
            }
        }
        var parameters = new Parameters(type, name, settings);
        if (!unknown.isEmpty()) {
            String valid = known.length == 0 ? "it takes none" : "valid here: " + String.join(", ", known);
            throw parameters.wrong("unknown parameter " + unknown + "; " + valid);
        }
        return parameters;
    }

    String text(String key, String fallback) {
        return settings.get(key, fallback);
    }

    boolean flag(String key, boolean fallback) {
        return settings.getAsBoolean(key, fallback);
    }

    int number(String key, int fallback) {
        return settings.getAsInt(key, fallback);
    }

    List<String> list(String key) {
        List<String> values = settings.getAsList(key, null);
        if (values == null || values.isEmpty()) {
            throw wrong("parameter [" + key + "] is missing");
        }
        return values;
    }

    IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(String.format(Locale.ROOT, "[%s] of type [%s]: %s", name, type, what));
    }
}
