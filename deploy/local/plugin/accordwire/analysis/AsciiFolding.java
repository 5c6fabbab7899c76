package accordwire.analysis;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;

/** Folds letters to ASCII; normalizers and synonym rules never keep the original beside the folded form. */
record AsciiFolding(String name, boolean preserveOriginal) implements NormalizingTokenFilterFactory {

    static AsciiFolding read(Parameters parameters) {
        return new AsciiFolding(parameters.name(), parameters.flag("preserve_original", false));
    }

    @Override
    public TokenStream create(TokenStream input) {
        return new ASCIIFoldingFilter(input, preserveOriginal);
    }

    @Override
    public TokenStream normalize(TokenStream input) {
        return new ASCIIFoldingFilter(input, false);
    }

    @Override
    public TokenFilterFactory getSynonymFilter() {
        return preserveOriginal ? new AsciiFolding(name, false) : this;
    }
}
