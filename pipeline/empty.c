/* placeholder removed when first source lands */ typedef int hep_pipeline_empty;
