package accordwire.analysis;

import static accordwire.analysis.Component.configured;
import static accordwire.analysis.Component.filter;
import static accordwire.analysis.Component.normalizing;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.TruncateTokenFilter;
import org.apache.lucene.analysis.tr.ApostropheFilter;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * The part of Elasticsearch's own analysis-common module that our index templates and the security index name:
 * same names, same parameters, same defaults, the same Lucene classes behind them.
 */
public final class LocalAnalysisPlugin extends Plugin implements AnalysisPlugin {

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "apostrophe", filter("apostrophe", parameters -> ApostropheFilter::new),
            "asciifolding", asciiFolding(),
            "lowercase", normalizing("lowercase", Languages::lowercase, "language"),
            "pattern_capture", configured("pattern_capture", Words::patternCapture, "patterns", "preserve_original"),
            "snowball", filter("snowball", Languages::snowball, "language"),
            "stemmer_override", configured("stemmer_override", Words::stemmerOverride, "rules"),
            "truncate", configured("truncate", LocalAnalysisPlugin::truncate, "length"),
            "unique", filter("unique", LocalAnalysisPlugin::unique, "only_on_same_position"));
    }

    /** A bare `truncate` in a chain cuts at ten, although a definition of its own must name a length. */
    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return List.of(PreConfiguredTokenFilter.singleton(
            "truncate", false, input -> TruncateTokenFilter.truncateAfterChars(input, 10)));
    }

    @Override
    public Map<String, AnalysisProvider<CharFilterFactory>> getCharFilters() {
        return Map.of("mapping", AnalysisPlugin.requiresAnalysisSettings(
            (index, environment, name, settings) ->
                Mapping.read(Parameters.of("mapping", name, settings, "mappings"))));
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of("uax_url_email", (index, environment, name, settings) -> {
            var parameters = Parameters.of("uax_url_email", name, settings, "max_token_length");
            int longest = parameters.number("max_token_length", 255);
            return TokenizerFactory.newFactory(name, () -> {
                var tokenizer = new UAX29URLEmailTokenizer();
                tokenizer.setMaxTokenLength(longest);
                return tokenizer;
            });
        });
    }

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new));
    }

    private static AnalysisProvider<TokenFilterFactory> asciiFolding() {
        return (index, environment, name, settings) ->
            AsciiFolding.read(Parameters.of("asciifolding", name, settings, "preserve_original"));
    }

    private static UnaryOperator<TokenStream> truncate(Parameters parameters) {
        int length = parameters.number("length", -1);
        if (length <= 0) {
            throw parameters.wrong("parameter [length] is missing or not above 0");
        }
        return input -> TruncateTokenFilter.truncateAfterChars(input, length);
    }

    private static UnaryOperator<TokenStream> unique(Parameters parameters) {
        boolean onlyOnSamePosition = parameters.flag("only_on_same_position", false);
        return input -> new UniqueFilter(input, onlyOnSamePosition);
    }
}
